// Bytes as JSON carries them.

/** How many bytes a base64 text stands for. */
export const base64Length = (text: string): number =>
  Math.floor((text.length * 3) / 4) - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);

/** Bytes that were sent as null are none: upstream keeps the key. */
export function fillNullBytes(map: Record<string, string | null> | undefined): void {
  for (const key in map) if (map[key] === null) map[key] = "";
}

const encoder = new TextEncoder();
/** Arguments that a call takes at a time. */
const chunkBytes = 8192;

export const textToBase64 = (text: string): string => {
  if (/^[\0-\x7f]*$/.test(text)) return btoa(text);
  const bytes = encoder.encode(text);
  let binary = "";
  for (let at = 0; at < bytes.length; at += chunkBytes)
    binary += String.fromCharCode(...bytes.subarray(at, at + chunkBytes));
  return btoa(binary);
};

export const base64ToText = (text: string): string =>
  new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
