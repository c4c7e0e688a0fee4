// Deals each flow a small hand of queues, so that a few heavy flows can spoil only the queues of their own hands.
// Upstream: apiserver's util/shufflesharding and hashFlowID of apf_controller.go.
import { sha256 } from "../../base/index.ts";

/** Few flows make most requests. */
const knownHashes = new Map<string, bigint>();
const mostKnownHashes = 1024;

/** 64 bits of entropy for a flow of a schema. */
export function hashOfFlow(schema: string, distinguisher: string): bigint {
  const flow = `${schema}\0${distinguisher}`;
  const known = knownHashes.get(flow);
  if (known !== undefined) return known;
  const digest = sha256(new TextEncoder().encode(flow));
  const hash = new DataView(digest.buffer, digest.byteOffset).getBigUint64(0, true);
  if (knownHashes.size >= mostKnownHashes) knownHashes.clear();
  knownHashes.set(flow, hash);
  return hash;
}

/** `handSize` different numbers below `deckSize`: the same ones for the same hash. */
export function dealHand(hash: bigint, deckSize: number, handSize: number): number[] {
  const remainders: number[] = [];
  let rest = hash;
  for (let dealt = 0; dealt < handSize; dealt++) {
    const left = BigInt(deckSize - dealt);
    remainders.push(Number(rest % left));
    rest /= left;
  }
  return remainders.map((remainder, position) => {
    let card = remainder;
    for (let before = position - 1; before >= 0; before--) if (card >= remainders[before]!) card++;
    return card;
  });
}
