// What readers of JSON values are, what one decode collects, and Go's words for a value of the wrong type.
import { quoteGo } from "../go-text.ts";
import type { CborWords } from "./cbor-words.ts";
import { JsonNumber } from "./json-text.ts";

/** What one decode collects. */
export class ReadContext {
  /** The first type error: Go keeps decoding but reports that one. */
  error: string | undefined;
  #aborted = false;
  /** Strict findings in document order: `unknown field "spec.foo"`, at most 100. */
  readonly findings = new Set<string>();
  readonly repeated: ReadonlyMap<object, readonly string[]>;
  /** Keys and indexes from the root. */
  readonly path: (string | number)[] = [];
  /** Struct fields from the root. */
  readonly fields: FieldReader[] = [];
  /** Lists that are always written come out as null when they are empty. */
  asStored = false;
  /** Above zero inside values whose own decoder is not strict. */
  silent = 0;
  /** Object members seen, to compare with those in the text. */
  members = 0;
  /** Names of an object's members in another order than they have. */
  namesOf: ((value: object) => readonly string[] | undefined) | undefined;
  /** The value was parsed for this read alone, by JSON.parse: parts that stay as they are need no copy. */
  readonly owned: boolean;
  /** The value was CBOR: its decoder has other words, and ends at the first thing it finds. */
  cbor: CborWords | undefined;

  constructor(repeated: ReadonlyMap<object, readonly string[]>, ownership: "owned" | "shared" = "shared") {
    this.repeated = repeated;
    this.owned = ownership === "owned";
  }

  fail(text: string): void {
    this.error ??= text;
  }

  /** A value whose own decoder refuses it ends the decoding: Go reports that, not what it found wrong before. */
  abort(text: string): void {
    if (this.cbor !== undefined) this.error ??= text;
    else if (!this.#aborted) this.error = text;
    this.#aborted = true;
  }

  typeError(value: unknown, type: string): void {
    if (this.error !== undefined) return;
    if (this.cbor !== undefined) {
      this.error = this.cbor.typeError(this, type);
      return;
    }
    const field = this.fields.at(-1);
    const where =
      field === undefined
        ? "Go value"
        : `Go struct field ${field.struct}.${this.fields.map((each) => each.goName).join(".")}`;
    this.error = `json: cannot unmarshal ${describe(value, type)} into ${where} of type ${type}`;
  }

  /** A value that is no object where the type is a struct. */
  structError(value: unknown, type: string): void {
    if (this.cbor === undefined) this.typeError(value, type);
    else this.error ??= this.cbor.structError(this, type);
  }

  /** A member of a struct that its type does not have. */
  findUnknown(value: object, key: string): void {
    if (this.cbor === undefined) this.find("unknown field", key);
    else if (this.findings.size === 0 && this.silent === 0) this.findings.add(this.cbor.unknownField(value, key));
  }

  find(kind: "unknown field" | "duplicate field", key: string): void {
    if (this.silent > 0 || this.findings.size >= 100) return;
    let path = "";
    for (const part of this.path) path += typeof part === "number" ? `[${part}]` : path === "" ? part : `.${part}`;
    this.findings.add(`${kind} ${quoteGo(path === "" ? key : `${path}.${key}`)}`);
  }

  /** `known`: the fields of a struct; what it does not know is not said to occur twice. */
  findRepeated(value: object, known?: { has(key: string): boolean }): void {
    if (this.repeated.size === 0) return;
    for (const key of this.repeated.get(value) ?? [])
      if (known === undefined || known.has(key)) this.find("duplicate field", key);
  }
}

function describe(value: unknown, type: string): string {
  if (value instanceof JsonNumber) return numeric.test(type) ? `number ${value.text}` : "number";
  if (Array.isArray(value)) return "array";
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "bool";
    case "number":
    case "bigint":
      return numeric.test(type) ? `number ${value}` : "number";
    default:
      return "object";
  }
}
const numeric = /^(?:u?int|float)/;

/** `json: cannot unmarshal array into Go value of type …`. */
export function goTypeError(value: unknown, type: string): string {
  return `json: cannot unmarshal ${describe(value, type)} into Go value of type ${type}`;
}

/** Reads one value that is not null. `zero` makes what Go's zero value is written as. */
export interface Reader {
  readonly type: string;
  read(value: unknown, context: ReadContext): unknown;
  zero(): unknown;
}

/** k: as given. d: zero values are dropped. e: always written. n: null when absent. */
export type Mode = "k" | "d" | "e" | "n";

export interface FieldReader {
  readonly name: string;
  readonly mode: Mode;
  readonly reader: Reader;
  /** Name of the struct, and of the field with the structs embedded on the way: `VolumeSource.iscsi`. */
  readonly struct: string;
  readonly goName: string;
}

/** Members of all objects within a value. */
export function countMembers(value: unknown): number {
  if (value === null || typeof value !== "object" || value instanceof JsonNumber) return 0;
  let count = 0;
  if (Array.isArray(value)) for (const item of value) count += countMembers(item);
  else for (const key in value) count += 1 + countMembers((value as Record<string, unknown>)[key]);
  return count;
}
