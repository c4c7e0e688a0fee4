// CBOR for people (RFC 8949, 8): what errors show of a body. Byte strings are shown as the text they hold.
import { type Head, HeadReader, major } from "./cbor-wellformed.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Diagnostic notation of one well-formed item. */
export function diagnoseCbor(bytes: Uint8Array): string {
  return shown(new HeadReader(bytes));
}

function shown(reader: HeadReader): string {
  const head = reader.head();
  switch (head.type) {
    case major.positive:
      return String(head.argument);
    case major.negative:
      return String(-1n - BigInt(head.argument));
    case major.bytes:
      return stringOf(reader, head, "'");
    case major.text:
      return stringOf(reader, head, '"');
    case major.array:
      return `[${head.endless ? "_ " : ""}${membersOf(reader, head, () => shown(reader)).join(", ")}]`;
    case major.map:
      return `{${head.endless ? "_ " : ""}${membersOf(reader, head, () => `${shown(reader)}: ${shown(reader)}`).join(", ")}}`;
    case major.tag:
      return `${head.argument}(${shown(reader)})`;
    default:
      return simpleOf(reader, head);
  }
}

function membersOf(reader: HeadReader, { argument, endless }: Head, each: () => string): string[] {
  const out: string[] = [];
  if (endless) while (!reader.atBreak()) out.push(each());
  else for (let index = 0; index < Number(argument); index++) out.push(each());
  return out;
}

function stringOf(reader: HeadReader, { argument, endless }: Head, quote: string): string {
  if (endless) {
    const chunks: string[] = [];
    while (!reader.atBreak()) chunks.push(stringOf(reader, reader.head(), quote));
    return chunks.length === 0 ? `${quote}${quote}_` : `(_ ${chunks.join(", ")})`;
  }
  const text = decoder.decode(reader.bytes.subarray(reader.at, (reader.at += Number(argument))));
  const escaped = JSON.stringify(text).slice(1, -1);
  return quote === '"' ? `"${escaped}"` : `'${escaped.replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

const simples: Readonly<Record<number, string>> = { 20: "false", 21: "true", 22: "null", 23: "undefined" };

function simpleOf(reader: HeadReader, { information, argument }: Head): string {
  if (information < 25) return simples[information] ?? `simple(${argument})`;
  const number = reader.float(information);
  return Number.isInteger(number) ? number.toFixed(1) : String(number);
}
