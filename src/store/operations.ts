// What every engine checks before it looks at a commit, and how keys are ordered.

import type { StoreOperation } from "./contract.ts";

/** Upstream's etcd refuses transactions of more operations, too (--max-txn-ops). */
export const mostOperations = 128;

/** Throws when the operations cannot be one commit: a mistake of the caller, not a conflict. */
export function checkOperations(operations: readonly StoreOperation[]): void {
  if (operations.length > mostOperations)
    throw new RangeError(`a commit takes at most ${mostOperations} operations, not ${operations.length}`);
  for (const operation of operations) checkKey(operation.key);
  if (operations.length < 2) return;
  const seen = new Set<string>();
  for (const { key } of operations) {
    if (seen.has(key)) throw new RangeError(`a commit takes each key once; ${JSON.stringify(key)} is there twice`);
    seen.add(key);
  }
}

function checkKey(key: string): void {
  if (key === "") throw new RangeError("the empty string is no key");
  if (!storable(key)) throw new RangeError(`key ${JSON.stringify(key)} has a NUL or half a surrogate pair`);
}

/** False for keys that cannot be written, so that a read of one finds nothing. */
export const storable = (key: string): boolean => !key.includes("\u0000") && key.isWellFormed();

const unordered = /[\ud800-\uffff]/;

/**
 * A string that sorts with `<` as the key's UTF-8 bytes sort. UTF-16 puts surrogates (U+10000 and above) before
 * U+E000..U+FFFF, bytes put them behind; all other keys are their own order key.
 */
export function orderKey(key: string): string {
  if (!unordered.test(key)) return key;
  let out = "";
  for (let index = 0; index < key.length; index++) {
    const unit = key.charCodeAt(index);
    out += String.fromCharCode(unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit);
  }
  return out;
}

/** Behind every order key that begins with the prefix: no order key of whole code points goes on with this unit. */
export const orderPrefixEnd = (prefix: string): string => `${orderKey(prefix)}\uffff`;

/** The least string behind every key that begins with the prefix, in byte order. Undefined: there is none. */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (char) => char.codePointAt(0)!);
  for (let last = points.pop(); last !== undefined; last = points.pop())
    if (last < 0x10ffff) return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  return undefined;
}
