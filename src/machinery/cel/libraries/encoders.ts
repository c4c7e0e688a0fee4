/** `base64.encode` and `base64.decode`. Source: cel-go ext/encoders.go. */
import type { Library } from "../contract.ts";
import { BYTES, STRING } from "../types.ts";
import { CelError, type Result } from "../values.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function encode(bytes: Uint8Array): string {
  let out = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const length = Math.min(3, bytes.length - at) + 1;
    for (let digit = 0; digit < 4; digit++) out += digit < length ? ALPHABET[(group >> (18 - 6 * digit)) & 63] : "=";
  }
  return out;
}

/** Standard base64 with or without padding; line breaks are skipped. */
function decode(text: string): Result {
  const clean = text.replace(/[\r\n]/g, "");
  const body = clean.replace(/={1,2}$/, "");
  const padded = body.length !== clean.length;
  const bytes: number[] = [];
  let buffer = 0;
  let bits = 0;
  for (let at = 0; at < body.length; at++) {
    const digit = ALPHABET.indexOf(body[at] ?? "");
    if (digit < 0) return new CelError(`illegal base64 data at input byte ${at}`);
    buffer = ((buffer << 6) | digit) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((buffer >> bits) & 255);
    }
  }
  if (body.length % 4 === 1 || (padded && clean.length % 4 !== 0))
    return new CelError(`illegal base64 data at input byte ${clean.length}`);
  return Uint8Array.from(bytes);
}

export const ENCODERS: Library = {
  name: "cel.lib.ext.encoders",
  functions: [
    {
      name: "base64.decode",
      overloads: [{ id: "base64_decode_string", args: [STRING], result: BYTES, evaluate: decode }],
    },
    {
      name: "base64.encode",
      overloads: [{ id: "base64_encode_bytes", args: [BYTES], result: STRING, evaluate: encode }],
    },
  ],
};
