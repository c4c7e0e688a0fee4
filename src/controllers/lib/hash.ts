// Hashes of templates for names and labels: FNV-1a over the canonical JSON, written in the alphabet of generated names.

const alphabet = "bcdfghjklmnpqrstvwxz2456789";
const encoder = new TextEncoder();

/** `collisionCount` gives another hash for the same template when a name was taken. */
export function templateHash(template: unknown, collisionCount: number | undefined): string {
  let hash = fnv1a(0x811c9dc5, canonical(template));
  if (collisionCount !== undefined) hash = fnv1a(hash, String(collisionCount));
  return safeEncode(String(hash));
}

function fnv1a(start: number, text: string): number {
  let hash = start;
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** No vowels and no look-alikes: names never spell words. Upstream: rand.SafeEncodeString. */
export function safeEncode(text: string): string {
  let encoded = "";
  for (const byte of encoder.encode(text)) encoded += alphabet[byte % alphabet.length];
  return encoded;
}

/** JSON with sorted keys and without empty values, so that equal API data has equal text. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null);
  const fields = Object.entries(value)
    .filter(([, field]) => !isEmpty(field))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`);
  return `{${fields.join(",")}}`;
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);
