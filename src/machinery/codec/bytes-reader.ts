// Fields of bytes: base64 text, or a list of numbers.
import { JsonNumber } from "./json-text.ts";
import type { ReadContext, Reader } from "./read-context.ts";

/** base64 text. Go ignores line breaks in it and writes it without. */
export const bytesReader: Reader = {
  type: "[]uint8",
  zero: () => null,
  read: (value, context) => {
    if (Array.isArray(value)) return byteList(value, context);
    if (typeof value !== "string" || context.cbor?.isText(value, context)) {
      context.typeError(value, "[]uint8");
      return null;
    }
    const text = value.replace(/[\r\n]/g, "");
    if (isBase64(text)) return withoutStrayBits(text);
    const format = context.cbor === undefined ? "" : "cbor: failed to decode base64 from byte string: ";
    context.fail(`${format}illegal base64 data at input byte ${badBase64At(value)}`);
    return null;
  },
};

/** Bytes may be written as a list of numbers, too. */
function byteList(list: readonly unknown[], context: ReadContext): string | null {
  let text = "";
  for (const each of list) {
    const byte = each === null ? 0 : each instanceof JsonNumber ? Number(each.text) : each;
    if (typeof byte === "number" && Number.isInteger(byte) && byte >= 0 && byte <= 255)
      text += String.fromCharCode(byte);
    else {
      context.typeError(each, "uint8");
      return null;
    }
  }
  return btoa(text);
}

const otherCharacter = /[^A-Za-z0-9+/]/;

function isBase64(text: string): boolean {
  const { length } = text;
  if (length % 4 !== 0) return false;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return !otherCharacter.test(padding === 0 ? text : text.slice(0, length - padding));
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Bits of the last digit that belong to no byte are not kept: what is written comes from the bytes. */
function withoutStrayBits(text: string): string {
  if (!text.endsWith("=")) return text;
  const padding = text.endsWith("==") ? 2 : 1;
  const at = text.length - padding - 1;
  const value = digits.indexOf(text[at] as string);
  const kept = value & (padding === 2 ? 0b110000 : 0b111100);
  return kept === value ? text : `${text.slice(0, at)}${digits[kept]}${"=".repeat(padding)}`;
}

/** Where Go's standard decoder stops in bad base64; it passes over line breaks. */
function badBase64At(text: string): number {
  let at = 0;
  let digits = 0;
  const skipBreaks = (): void => {
    while (text[at] === "\n" || text[at] === "\r") at++;
  };
  for (;;) {
    skipBreaks();
    if (at === text.length) return at - digits;
    const character = text[at++] as string;
    if (/[A-Za-z0-9+/]/.test(character)) {
      digits = (digits + 1) % 4;
      continue;
    }
    if (character !== "=" || digits < 2) return at - 1;
    if (digits === 3) return at;
    skipBreaks();
    if (at === text.length) return at;
    return text[at] === "=" ? at + 1 : at - 1;
  }
}
