// Reads header blocks (RFC 7541). Strings that come again are the same string objects again: by the dynamic table, and by a
// small memory of recent literals, because clients leave paths and tokens out of the table. Any error ends the connection
// (COMPRESSION_ERROR), as the two tables are no longer the same.

import { ConnectionFault, copied, errorCode } from "./frames.ts";
import { type Field, fieldOf, staticFields } from "./hpack-fields.ts";
import { decodeHuffman } from "./huffman.ts";

export interface DecodedBlock {
  readonly fields: readonly Field[];
  /** The list is longer than allowed: `fields` are those before that. */
  readonly tooLarge: boolean;
}

export interface HpackDecoderOptions {
  /** SETTINGS_HEADER_TABLE_SIZE as announced. */
  readonly maxTableBytes?: number;
  /** SETTINGS_MAX_HEADER_LIST_SIZE as announced. */
  readonly maxListBytes?: number;
}

const fault = (message: string): ConnectionFault => new ConnectionFault(errorCode.compressionError, message);

/** Literals that are remembered, and how long they may be as they travel. */
const remembered = 64;
const shortestRemembered = 6;
const longestRemembered = 1_500;

interface Remembered {
  readonly raw: Uint8Array;
  readonly huffman: boolean;
  readonly text: string;
}

export class HpackDecoder {
  readonly #maxTableBytes: number;
  readonly #maxListBytes: number;
  /** Newest last; those before `#oldest` are gone. */
  #table: Field[] = [];
  #oldest = 0;
  #tableBytes = 0;
  #tableLimit: number;
  #block: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  #literals: (Remembered | undefined)[] | undefined;

  constructor({ maxTableBytes = 4096, maxListBytes = 1 << 20 }: HpackDecoderOptions = {}) {
    this.#maxTableBytes = maxTableBytes;
    this.#tableLimit = maxTableBytes;
    this.#maxListBytes = maxListBytes;
  }

  /** One whole block: `block` from `start` to `end`. */
  decode(block: Uint8Array, start: number, end: number): DecodedBlock {
    this.#block = block;
    this.#at = start;
    this.#end = end;
    const fields: Field[] = [];
    let size = 0;
    let begun = false;
    while (this.#at < end) {
      const byte = block[this.#at]!;
      if ((byte & 0xe0) === 0x20) {
        if (begun) throw fault("a table size update comes after fields");
        this.#resize(this.#integer(5));
        continue;
      }
      begun = true;
      const field = this.#field(byte);
      size += field.size;
      if (size <= this.#maxListBytes) fields.push(field);
    }
    this.#block = empty;
    return { fields, tooLarge: size > this.#maxListBytes };
  }

  #field(byte: number): Field {
    if ((byte & 0x80) !== 0) return this.#indexed(this.#integer(7));
    const indexing = (byte & 0x40) !== 0;
    const index = this.#integer(indexing ? 6 : 4);
    const name = index === 0 ? this.#string() : this.#indexed(index).name;
    const field = fieldOf(name, this.#string());
    if (indexing) this.#add(field);
    return field;
  }

  #indexed(index: number): Field {
    const field =
      index <= staticFields.length
        ? staticFields[index - 1]
        : index - staticFields.length <= this.#table.length - this.#oldest
          ? this.#table[this.#table.length - (index - staticFields.length)]
          : undefined;
    if (field === undefined) throw fault(`no header field has index ${index}`);
    return field;
  }

  #add(field: Field): void {
    this.#evict(this.#tableLimit - field.size);
    if (field.size > this.#tableLimit) return;
    this.#table.push(field);
    this.#tableBytes += field.size;
  }

  #resize(limit: number): void {
    if (limit > this.#maxTableBytes) throw fault(`a table of ${limit} bytes is larger than was agreed on`);
    this.#tableLimit = limit;
    this.#evict(limit);
  }

  #evict(mostBytes: number): void {
    while (this.#tableBytes > mostBytes && this.#oldest < this.#table.length) {
      this.#tableBytes -= this.#table[this.#oldest]!.size;
      this.#oldest++;
    }
    if (this.#oldest < 128) return;
    this.#table = this.#table.slice(this.#oldest);
    this.#oldest = 0;
  }

  /** RFC 7541 §5.1. */
  #integer(prefixBits: number): number {
    const most = (1 << prefixBits) - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
    throw fault("an integer is too large");
  }

  #byte(): number {
    if (this.#at >= this.#end) throw fault("a header block ends in the middle of a field");
    return this.#block[this.#at++]!;
  }

  #string(): string {
    if (this.#at >= this.#end) throw fault("a header block ends in the middle of a field");
    const huffman = (this.#block[this.#at]! & 0x80) !== 0;
    const length = this.#integer(7);
    const start = this.#at;
    const end = start + length;
    if (end > this.#end) throw fault("a string is longer than its header block");
    this.#at = end;
    if (length < shortestRemembered || length > longestRemembered) return this.#text(huffman, start, end);
    return this.#recalled(huffman, start, end);
  }

  #recalled(huffman: boolean, start: number, end: number): string {
    const block = this.#block;
    let hash = end - start;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + block[at]!) | 0;
    const slot = (hash ^ (hash >>> 15)) & (remembered - 1);
    this.#literals ??= new Array<Remembered | undefined>(remembered).fill(undefined);
    const known = this.#literals[slot];
    if (known !== undefined && known.huffman === huffman && sameBytes(known.raw, block, start, end)) return known.text;
    const text = this.#text(huffman, start, end);
    this.#literals[slot] = { raw: copied(block, start, end), huffman, text };
    return text;
  }

  #text(huffman: boolean, start: number, end: number): string {
    if (!huffman) return latin1(this.#block, start, end);
    // No code is shorter than five bits.
    const most = Math.ceil(((end - start) * 8) / 5);
    if (scratch.length < most) scratch = new Uint8Array(most);
    return latin1(scratch, 0, decodeHuffman(this.#block, { start, end }, scratch));
  }
}

const empty = new Uint8Array(0);
let scratch = new Uint8Array(4096);

function sameBytes(raw: Uint8Array, block: Uint8Array, ...[start, end]: readonly [number, number]): boolean {
  if (raw.length !== end - start) return false;
  for (let at = 0; at < raw.length; at++) if (raw[at] !== block[start + at]) return false;
  return true;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= 1024) return String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[]);
  let text = "";
  for (let at = start; at < end; at += 1024)
    text += String.fromCharCode.apply(null, bytes.subarray(at, Math.min(at + 1024, end)) as unknown as number[]);
  return text;
}
