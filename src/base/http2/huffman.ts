// Huffman strings of HPACK (RFC 7541 §5.2 and appendix B). The code is canonical: its lengths say all of it. Strings are read four
// bits at a time through a table of states, one state for each inner node of the tree.

import { ConnectionFault, errorCode } from "./frames.ts";

/** Bits of each byte's code; the end-of-string symbol has 30. */
const codeLengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26,
];
const endOfString = 256;
const endOfStringLength = 30;

/** Entry: next state, symbol << 8, then what happened. */
const emits = 1 << 16;
const fails = 1 << 17;

interface Reader {
  /** By state << 4 | four bits. */
  readonly steps: Uint32Array;
  /** States in which a string may end: less than eight bits of padding, all of them one. */
  readonly accepting: Uint8Array;
}

let reader: Reader | undefined;

/** Children of inner nodes; a leaf is ~symbol. */
function treeOf(): Int32Array {
  const symbols = [...codeLengths.keys(), endOfString];
  const lengthOf = (symbol: number): number => codeLengths[symbol] ?? endOfStringLength;
  symbols.sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  const children = new Int32Array(2 * 256);
  let nodes = 1;
  let code = 0;
  let previous = lengthOf(symbols[0]!);
  for (const symbol of symbols) {
    const length = lengthOf(symbol);
    code *= 2 ** (length - previous);
    previous = length;
    let node = 0;
    for (let bit = length - 1; bit > 0; bit--) {
      const at = 2 * node + (Math.floor(code / 2 ** bit) & 1);
      if (children[at] === 0) children[at] = nodes++;
      node = children[at]!;
    }
    children[2 * node + (code & 1)] = ~symbol;
    code++;
  }
  return children;
}

function readerOf(): Reader {
  const children = treeOf();
  const steps = new Uint32Array(256 * 16);
  for (let state = 0; state < 256; state++)
    for (let bits = 0; bits < 16; bits++) {
      let node = state;
      let entry = 0;
      for (let bit = 3; bit >= 0; bit--) {
        const child = children[2 * node + ((bits >> bit) & 1)]!;
        if (child < 0) {
          entry |= ~child === endOfString ? fails : emits | (~child << 8);
          node = 0;
        } else node = child;
      }
      steps[(state << 4) | bits] = entry | node;
    }
  const accepting = new Uint8Array(256);
  for (let node = 0, depth = 0; depth < 8; depth++) {
    accepting[node] = 1;
    node = children[2 * node + 1]!;
  }
  return { steps, accepting };
}

/** Writes the string's bytes to `into`, which must hold 8/5 of what is read. Returns how many. Throws COMPRESSION_ERROR. */
export function decodeHuffman(
  from: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
  into: Uint8Array,
): number {
  const { steps, accepting } = (reader ??= readerOf());
  let state = 0;
  let length = 0;
  let failed = 0;
  for (let at = start; at < end; at++) {
    const byte = from[at]!;
    let step = steps[(state << 4) | (byte >> 4)]!;
    if ((step & emits) !== 0) into[length++] = step >> 8;
    failed |= step & fails;
    step = steps[((step & 0xff) << 4) | (byte & 15)]!;
    if ((step & emits) !== 0) into[length++] = step >> 8;
    failed |= step & fails;
    state = step & 0xff;
  }
  if (failed !== 0 || accepting[state] === 0)
    throw new ConnectionFault(errorCode.compressionError, "a Huffman string does not end as one");
  return length;
}
