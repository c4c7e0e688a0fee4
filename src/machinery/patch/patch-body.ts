// The body of a PATCH request: syntax errors and strict findings with upstream's texts. Upstream: k8s.io/apiserver
// endpoints/handlers patch.go.
import type { FieldValidation } from "../codec/codec.ts";
import { JsonSyntaxError, mostValues, type ParsedJson, parseJson, scanJson } from "../codec/json-text.ts";
import { checkAny, readAny } from "../codec/loose-reader.ts";
import { goTypeError, ReadContext } from "../codec/read-context.ts";
import { badRequest, requestTooLarge } from "../errors.ts";
import { builtinSchemas } from "../schema.ts";
import type { JsonPatchOperation } from "./patch.ts";

export type PatchType = "json" | "merge" | "strategic";

export interface PatchBody {
  /** A list of operations, or a map. Numbers of JSON and merge patches may be JsonNumber: they are passed on as written. */
  readonly patch: unknown;
  /** How objects and lists that JSON patch operations put in were written. */
  readonly raw: WeakMap<object, string>;
  /** Strict findings on the patch itself, to be reported with those on the patched object. */
  readonly findings: readonly string[];
}

/** Throws StatusError 400, 413 for very many values. */
export function decodePatch(bytes: Uint8Array, type: PatchType, fieldValidation: FieldValidation): PatchBody {
  if (scanJson(bytes).values > mostValues) throw requestTooLarge(`limit is ${mostValues} values`);
  // Upstream reads a JSON patch strictly first, and then once more as what it is.
  const strict = fieldValidation !== "Ignore";
  const prefix = type === "strategic" || (type === "json" && !strict) ? "" : "error decoding patch: ";
  const parsed = parsePatch(bytes, !strict && type === "merge" ? "Invalid JSON Patch" : prefix);
  if (type === "json") return jsonPatchBody(parsed, fieldValidation);
  const context = new ReadContext(parsed.repeated);
  const map = parsed.value;
  if (map === null && type === "merge") throw badRequest("Invalid JSON Patch");
  if (map !== null && (typeof map !== "object" || Array.isArray(map))) {
    context.typeError(map, "map[string]interface {}");
    throw badRequest(`${prefix}${context.error}`);
  }
  if (type === "merge" && (parsed.keptNumbers || parsed.repeated.size > 0)) checkAny(map, context);
  return {
    patch: type === "merge" ? map : readAny(map ?? {}, context, builtinSchemas()),
    raw: parsed.raw,
    findings: fieldValidation === "Ignore" ? [] : [...context.findings],
  };
}

function parsePatch(bytes: Uint8Array, prefix: string): ParsedJson {
  try {
    return parseJson(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), {
      keepNumbers: true,
      keepText: "value",
    });
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw badRequest(prefix === "Invalid JSON Patch" ? prefix : `${prefix}${error.message}`);
  }
}

const operationFields = new Set(["op", "path", "from", "value"]);

function jsonPatchBody(parsed: ParsedJson, fieldValidation: FieldValidation): PatchBody {
  const context = new ReadContext(parsed.repeated);
  // An operation that is null has nothing in it, as in Go.
  const operations = Array.isArray(parsed.value) ? parsed.value.map((each) => each ?? {}) : (parsed.value ?? []);
  const strict = fieldValidation !== "Ignore";
  if (!Array.isArray(operations)) {
    context.typeError(operations, strict ? "[]handlers.jsonPatchOp" : "jsonpatch.Patch");
    throw badRequest(`${strict ? "error decoding patch: " : ""}${context.error}`);
  }
  operations.forEach((operation, index) => {
    context.path.push(index);
    if (typeof operation !== "object" || Array.isArray(operation)) {
      context.typeError(operation, strict ? "handlers.jsonPatchOp" : "jsonpatch.Operation");
      throw badRequest(`${strict ? "error decoding patch: " : ""}${context.error}`);
    }
    checkOperation(operation as Record<string, unknown>, context);
    context.path.pop();
  });
  if (strict && context.error !== undefined) throw badRequest(`error decoding patch: ${context.error}`);
  return {
    patch: operations as JsonPatchOperation[],
    raw: parsed.raw,
    findings: strict ? [...context.findings].map((finding) => `json patch ${finding}`) : [],
  };
}

function checkOperation(operation: Record<string, unknown>, context: ReadContext): void {
  for (const [key, value] of Object.entries(operation)) {
    if (!operationFields.has(key)) context.find("unknown field", key);
    else if (key !== "value" && value !== null && typeof value !== "string")
      context.fail(goTypeError(value, "string").replace("Go value", `Go struct field jsonPatchOp.${key}`));
    else if (key === "value") {
      context.path.push(key);
      checkAny(value, context);
      context.path.pop();
    }
  }
  context.findRepeated(operation);
}
