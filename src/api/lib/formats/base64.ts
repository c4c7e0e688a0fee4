// Bytes as JSON carries them.

/** How many bytes a base64 text stands for. */
export const base64Length = (text: string): number =>
  Math.floor((text.length * 3) / 4) - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);

/** Bytes that were sent as null are none: upstream keeps the key. */
export function fillNullBytes(map: Record<string, string | null> | undefined): void {
  for (const [key, bytes] of Object.entries(map ?? {})) if (bytes === null) map![key] = "";
}

export const textToBase64 = (text: string): string => {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
};

export const base64ToText = (text: string): string =>
  new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
