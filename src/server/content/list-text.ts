// Lists in JSON, put together from what is stored. A list that several ask for at a time is put together once.
import type { CachedObject } from "../watchcache/index.ts";

const encoder = new TextEncoder();
const closing = encoder.encode("]}");

/** Smaller ones are left to the garbage collector, and found again until it comes. */
const largeBytes = 4 * 1024 * 1024;

interface JoinedText {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Answers that have it and have not said that they are done. */
  users: number;
}

const joinedItems = new WeakMap<readonly CachedObject[], WeakRef<JoinedText>>();

interface Joined {
  readonly pieces: readonly Uint8Array[];
  /**
   * The caller says that neither it nor anybody it gave the pieces to will read them again: the memory of a long list is given back with
   * its last user, which may be long before the next garbage collection.
   */
  readonly release: () => void;
}

/** `{"kind":…,"items":[{"metadata":…},…]}` in pieces. */
export const joinItems = (head: object, items: readonly CachedObject[]): Joined => join(head, items, itemsText);

/** The same for a custom kind, whose items say what they are. A kind's lists are put together in one of the two ways. */
export const joinWhole = (head: object, items: readonly CachedObject[]): Joined => join(head, items, wholeText);

function join(
  head: object,
  items: readonly CachedObject[],
  textOf: (items: readonly CachedObject[]) => Uint8Array<ArrayBuffer>,
): Joined {
  const opening = encoder.encode(`${JSON.stringify(head).slice(0, -1)},"items":[`);
  if (items.length === 0) return { pieces: [opening, closing], release: () => {} };
  let text = joinedItems.get(items)?.deref();
  if (text === undefined) {
    text = { bytes: textOf(items), users: 0 };
    joinedItems.set(items, new WeakRef(text));
  }
  const joined = text;
  joined.users++;
  let held = true;
  const release = (): void => {
    if (held) joined.users--;
    held = false;
    if (joined.users > 0 || joined.bytes.length < largeBytes) return;
    joinedItems.delete(items);
    joined.bytes.buffer.transfer(0);
  };
  return { pieces: [opening, joined.bytes, closing], release };
}

function wholeText(items: readonly CachedObject[]): Uint8Array<ArrayBuffer> {
  let size = items.length - 1;
  for (const { bytes } of items) size += bytes.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (const [index, { bytes }] of items.entries()) {
    if (index > 0) out[at++] = 0x2c;
    out.set(bytes, at);
    at += bytes.length;
  }
  return out;
}

function itemsText(items: readonly CachedObject[]): Uint8Array<ArrayBuffer> {
  const offsets = new Uint32Array(items.length);
  let size = 0;
  for (let index = 0; index < items.length; index++) {
    const item = items[index]!;
    offsets[index] = item.itemOffset;
    size += item.bytes.length - offsets[index]! + 2;
  }
  const out = new Uint8Array(size - 1);
  let at = 0;
  for (let index = 0; index < items.length; index++) {
    if (index > 0) out[at++] = 0x2c;
    out[at++] = 0x7b;
    const { bytes } = items[index]!;
    out.set(offsets[index] === 0 ? bytes : bytes.subarray(offsets[index]), at);
    at += bytes.length - offsets[index]!;
  }
  return out;
}
