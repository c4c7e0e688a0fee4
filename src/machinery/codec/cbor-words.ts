// What is wrong with CBOR that was read into a Go type, in the words of upstream's decoder. Upstream: github.com/fxamacker/cbor.
import { type ParsedCbor, typeAt } from "./cbor-read.ts";

import { typeNames } from "./cbor-wellformed.ts";

/** Where a reader is. */
export interface CborPlace {
  /** Names and indexes from the root. */
  readonly path: readonly (string | number)[];
  /** Names of the struct fields on the way, the first of which is one of the root's type. */
  readonly fields: readonly { readonly name: string }[];
}

/** Texts that are looked for in a document once each: more of the same kind are hostile. */
const mostLookups = 64;

/** The words for one body. */
export class CborWords {
  readonly #bytes: Uint8Array;
  readonly #parsed: ParsedCbor;
  #lookups = 0;
  /** Go's name of the root's type. */
  root = "";

  constructor(bytes: Uint8Array, parsed: ParsedCbor) {
    this.#bytes = bytes;
    this.#parsed = parsed;
  }

  /** Names of an object's members as the document has them. */
  namesOf(value: object): readonly string[] | undefined {
    return this.#parsed.order.get(value);
  }

  typeError({ path, fields }: CborPlace, goType: string): string {
    const { type, number } = typeAt(this.#bytes, path);
    const field = fields[0];
    const where = field === undefined ? "Go value" : `Go struct field ${this.root}.${field.name}`;
    const why = reasonFor({ type, number, goType });
    return `cbor: cannot unmarshal ${type} into ${where} of type ${goType}${why}`;
  }

  /** What is no map where the Go type is a struct. */
  structError(place: CborPlace, goType: string): string {
    const error = this.typeError(place, goType);
    const isList = typeAt(this.#bytes, place.path).type === typeNames[4];
    return isList ? `${error} (cannot decode CBOR array to struct without toarray option)` : error;
  }

  /** Bytes are no text: only byte strings, and lists of numbers, become them. */
  isText(value: string, { path }: CborPlace): boolean {
    if (!this.#parsed.texts.has(value) || ++this.#lookups > mostLookups) return false;
    return typeAt(this.#bytes, path).type === typeNames[3];
  }

  unknownField(value: object, name: string): string {
    const at = (this.namesOf(value) ?? Object.keys(value)).indexOf(name);
    return `cbor: found unknown field at map element index ${at}`;
  }
}

const isInteger = /^u?int/;

function reasonFor(of: {
  readonly type: string;
  readonly number: string | undefined;
  readonly goType: string;
}): string {
  const { type, number, goType } = of;
  if (number === undefined || !isInteger.test(goType)) return "";
  return type === typeNames[1] && BigInt(number) < -(2n ** 63n)
    ? ` (${number} overflows Go's int64)`
    : ` (${number} overflows ${goType})`;
}
