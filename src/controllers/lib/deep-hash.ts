// The order in which upstream keeps ports and subsets of endpoints: by FNV-1a (128 bit) of Go's dump of the value. Clients see that order,
// so it is kept. Upstream: k8s.io/kubernetes/pkg/util/hash, k8s.io/utils/dump.
const offset = 0x6c62272e07bb014262b821756295c58dn;
const prime = (1n << 88n) + 0x13bn;
const mask = (1n << 128n) - 1n;
const encoder = new TextEncoder();

/** 32 hexadecimal digits. */
export function fnv128a(text: string): string {
  let hash = offset;
  for (const byte of encoder.encode(text)) hash = ((hash ^ BigInt(byte)) * prime) & mask;
  return hash.toString(16).padStart(32, "0");
}

/** A pointer to text or a number, as the dump shows it. */
export const dumpPointer = (type: string, value: string | number | undefined): string =>
  `(*${type})${value ?? "<nil>"}`;

/** `items` by the hash of their dumps; equal dumps keep their order. */
export function sortByHash<T>(items: readonly T[], dump: (item: T) => string): T[] {
  if (items.length < 2) return [...items];
  const hashed = items.map((item) => ({ item, hash: fnv128a(dump(item)) }));
  return hashed.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0)).map(({ item }) => item);
}
