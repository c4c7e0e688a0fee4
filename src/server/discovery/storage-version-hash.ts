import type { KindDefinition } from "../../api/index.ts";
import { sha256 } from "./sha256.ts";

/** Names the stored version without revealing it. Upstream: apiserver's discovery/storageversionhash.go. */
export function storageVersionHash(kind: KindDefinition): string {
  const digest = sha256(new TextEncoder().encode(`${kind.group}/${kind.version}/${kind.kind}`));
  return btoa(String.fromCharCode(...digest.subarray(0, 8)));
}
