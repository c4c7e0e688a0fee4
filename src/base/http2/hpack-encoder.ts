// Writes header blocks (RFC 7541). Fields that come with every message go into the dynamic table once and are one byte from then on. The
// table is filled and never evicted from: an answer's field that does not fit any more travels as a literal, a request's makes
// the table begin anew, since tokens change. Strings go out without Huffman coding: it would cost more than the
// bytes it saves. One character is one byte (latin1).

import { staticFields } from "./hpack-fields.ts";

export interface RequestFields {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly authority: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type AnswerHeaders = Readonly<Record<string, string | readonly string[]>>;

/** Whose values are the same in many messages of a connection. */
const recurring = new Set([
  ":authority",
  ":method",
  ":status",
  "accept",
  "authorization",
  "cache-control",
  "content-encoding",
  "content-type",
  "impersonate-group",
  "impersonate-user",
  "user-agent",
  "vary",
  "x-kubernetes-pf-flowschema-uid",
  "x-kubernetes-pf-prioritylevel-uid",
]);

/** Indexes into the static table: of the field, and of the first field of the name. */
const staticByField = new Map<string, number>();
const staticByName = new Map<string, number>();
for (const [index, { name, value }] of staticFields.entries()) {
  if (value !== "") staticByField.set(`${name} ${value}`, index + 1);
  if (!staticByName.has(name)) staticByName.set(name, index + 1);
}
const httpsScheme = staticByField.get(":scheme https")!;

export class HpackEncoder {
  /** Name → value → its place in the order of insertion. */
  readonly #known = new Map<string, Map<string, number>>();
  #inserted = 0;
  #tableBytes = 0;
  #tableLimit = 4096;
  #announceReset = false;
  /** Something did not fit that an empty table would take with ease. */
  #isFull = false;
  #into: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** SETTINGS_HEADER_TABLE_SIZE of the peer: the table begins anew with the next block. */
  limitTable(bytes: number): void {
    const limit = Math.min(bytes, 4096);
    if (limit === this.#tableLimit) return;
    this.#tableLimit = limit;
    this.#announceReset = true;
  }

  /** No block of these headers is longer. */
  mostBytes(headers: AnswerHeaders): number {
    let most = 64;
    for (const name in headers) {
      const value = headers[name]!;
      if (typeof value === "string") most += name.length + value.length + 12;
      else for (const each of value) most += name.length + each.length + 12;
    }
    return most;
  }

  /** Writes `:status` and the headers at `at`; returns where the block ends. Names are lower-case. */
  encode(
    into: Uint8Array,
    at: number,
    { status, headers }: { readonly status: number; readonly headers: AnswerHeaders },
  ): number {
    this.#into = into;
    this.#at = at;
    if (this.#announceReset) this.#reset();
    this.#field(":status", statusText(status));
    for (const name in headers) {
      const value = headers[name]!;
      if (typeof value === "string") this.#field(name, value);
      else for (const each of value) this.#field(name, each);
    }
    return this.#at;
  }

  /** As `encode`, of a request by https. */
  encodeRequest(into: Uint8Array, at: number, { method, path, authority, headers }: RequestFields): number {
    this.#into = into;
    this.#at = at;
    if (this.#announceReset) this.#reset();
    const isFull = this.#isFull;
    const fixed = staticByField.get(`:method ${method}`);
    if (fixed === undefined) this.#field(":method", method);
    else this.#integer(fixed, 0x80, 7);
    this.#integer(httpsScheme, 0x80, 7);
    this.#field(":authority", authority);
    this.#literal(":path", path, 0);
    for (const name in headers) this.#field(name, headers[name]!);
    if (this.#isFull && !isFull) this.#announceReset = true;
    return this.#at;
  }

  /** A table of no bytes loses all it has; then it has the room that it is given. RFC 7541 §4.2. */
  #reset(): void {
    this.#announceReset = false;
    this.#known.clear();
    this.#inserted = 0;
    this.#tableBytes = 0;
    this.#isFull = false;
    this.#integer(0, 0x20, 5);
    if (this.#tableLimit > 0) this.#integer(this.#tableLimit, 0x20, 5);
  }

  #field(name: string, value: string): void {
    if (!recurring.has(name)) {
      this.#literal(name, value, 0);
      return;
    }
    const fixed = name === ":status" ? staticByField.get(`:status ${value}`) : undefined;
    if (fixed !== undefined) {
      this.#integer(fixed, 0x80, 7);
      return;
    }
    let values = this.#known.get(name);
    const order = values?.get(value);
    if (order !== undefined) {
      this.#integer(staticFields.length + this.#inserted - order, 0x80, 7);
      return;
    }
    const size = name.length + value.length + 32;
    if (this.#tableBytes + size > this.#tableLimit) {
      this.#isFull = size <= this.#tableLimit / 2;
      this.#literal(name, value, 0);
      return;
    }
    if (values === undefined) this.#known.set(name, (values = new Map()));
    values.set(value, this.#inserted++);
    this.#tableBytes += size;
    this.#literal(name, value, 0x40);
  }

  /** `mark`: 0x40 puts it into the table. */
  #literal(name: string, value: string, mark: number): void {
    const index = staticByName.get(name) ?? 0;
    this.#integer(index, mark, mark === 0 ? 4 : 6);
    if (index === 0) this.#string(name);
    this.#string(value);
  }

  #integer(value: number, mark: number, prefixBits: number): void {
    const most = (1 << prefixBits) - 1;
    if (value < most) {
      this.#into[this.#at++] = mark | value;
      return;
    }
    this.#into[this.#at++] = mark | most;
    let rest = value - most;
    for (; rest >= 128; rest >>>= 7) this.#into[this.#at++] = 0x80 | (rest & 0x7f);
    this.#into[this.#at++] = rest;
  }

  #string(text: string): void {
    const { length } = text;
    this.#integer(length, 0, 7);
    const into = this.#into;
    let at = this.#at;
    for (let index = 0; index < length; index++) into[at++] = text.charCodeAt(index);
    this.#at = at;
  }
}

const statusTexts = new Map<number, string>();
function statusText(status: number): string {
  let text = statusTexts.get(status);
  if (text === undefined) statusTexts.set(status, (text = String(status)));
  return text;
}
