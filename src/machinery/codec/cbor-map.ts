// CBOR that upstream reads into a map of anything.
import { parseCbor } from "./cbor-read.ts";
import { CborError } from "./cbor-wellformed.ts";
import { CborWords } from "./cbor-words.ts";
import { JsonNumber, plainCopy } from "./json-text.ts";
import { checkAny } from "./loose-reader.ts";
import { ReadContext } from "./read-context.ts";

/**
 * An apply configuration: a map of anything, null being an empty one. Throws CborError with the words for
 * `map[string]interface {}`, StatusError 413 for very many values.
 */
export function decodeCborMap(bytes: Uint8Array): Record<string, unknown> {
  const parsed = parseCbor(bytes);
  const { value } = parsed;
  if (value === null) return {};
  if (typeof value === "object" && !Array.isArray(value) && !(value instanceof JsonNumber)) {
    const context = new ReadContext(new Map());
    context.cbor = new CborWords(bytes, parsed);
    checkAny(value, context);
    if (context.error !== undefined) throw new CborError(context.error);
    return plainCopy(value) as Record<string, unknown>;
  }
  throw new CborError(new CborWords(bytes, parsed).typeError({ path: [], fields: [] }, "map[string]interface {}"));
}
