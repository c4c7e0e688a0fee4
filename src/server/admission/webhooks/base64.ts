/** Bytes of a base64 text. Throws DOMException (InvalidCharacterError) for other texts. */
export const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0));
