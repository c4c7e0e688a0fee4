// JSON as it goes out: one line with a newline, or indented for people. Which answers may be compressed, and from what size on.
// Upstream: apimachinery's serializer/json, apiserver's handlers/negotiation isPrettyPrint, handlers/responsewriters/writers.go.
import { type ApiRequest, type ApiResponse, withNewline } from "../../machinery/index.ts";

const newline = new Uint8Array([10]);

/** What gzip is worth its time for. */
export const compressible: Pick<ApiResponse, "compress"> = { compress: { aboveBytes: 128 * 1024 } };

/** What one copy of is cheaper than two writes. */
const smallBytes = 64 * 1024;

/** Stored bytes are handed on, not copied. */
export function jsonBody(request: ApiRequest, ...chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  if (wantsIndentation(request)) return [indentJson(joined(chunks))];
  const only = chunks[0]!;
  return chunks.length === 1 && only.length < smallBytes ? [withNewline(only)] : [...chunks, newline];
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const out = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

const trueWords: ReadonlySet<string> = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const readByPeople = /^(curl|Wget|Mozilla\/5\.0)/;

/** `?pretty=` decides; without it browsers and the command line's HTTP tools are taken for people. */
function wantsIndentation({ query, headers }: ApiRequest): boolean {
  const asked = query?.get("pretty");
  if (asked) return trueWords.has(asked);
  const agent = headers["user-agent"];
  return agent !== undefined && readByPeople.test(agent);
}

const code = { quote: 0x22, backslash: 0x5c, comma: 0x2c, colon: 0x3a, space: 0x20, lineFeed: 0x0a };
const isOpening = (byte: number): boolean => byte === 0x7b || byte === 0x5b;
const isClosing = (byte: number): boolean => byte === 0x7d || byte === 0x5d;

/** Compact JSON with two spaces a level; texts and numbers stay byte for byte. */
export function indentJson(bytes: Uint8Array): Uint8Array {
  let out = new Uint8Array(bytes.length * 2 + 64);
  let at = 0;
  let depth = 0;
  let inText = false;
  const room = (size: number): void => {
    if (at + size <= out.length) return;
    const larger = new Uint8Array((at + size) * 2);
    larger.set(out);
    out = larger;
  };
  const line = (): void => {
    room(2 * depth + 1);
    out[at++] = code.lineFeed;
    out.fill(code.space, at, at + 2 * depth);
    at += 2 * depth;
  };
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!;
    if (isClosing(byte) && !inText) {
      depth--;
      if (!isOpening(bytes[index - 1]!)) line();
    }
    room(3);
    out[at++] = byte;
    if (inText) {
      if (byte === code.backslash) out[at++] = bytes[++index]!;
      else if (byte === code.quote) inText = false;
    } else if (byte === code.quote) inText = true;
    else if (isOpening(byte)) {
      depth++;
      if (!isClosing(bytes[index + 1]!)) line();
    } else if (byte === code.comma) line();
    else if (byte === code.colon) out[at++] = code.space;
  }
  return out.subarray(0, at);
}
