// Hostile protobuf messages and headers.
import { writeMessage } from "../../src/server/protobuf/write.ts";
import { encoder, type Hostile, long, maps, mostBytes } from "./bodies.ts";

const contentType = "application/vnd.kubernetes.protobuf";
const headBytes = 1000;

/** A varint of base 128. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

type Part = readonly number[] | Uint8Array;
const joined = (...parts: readonly Part[]): Uint8Array => concatenated(parts);

function concatenated(parts: readonly Part[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** An object's envelope around these bytes. */
function enveloped(kind: string, raw: Uint8Array): Uint8Array {
  const type = writeMessage("k8s.io.apimachinery.pkg.runtime.TypeMeta", { apiVersion: "v1", kind });
  return joined([0x6b, 0x38, 0x73, 0], [0x0a], varint(type.length), type, [0x12], varint(raw.length), raw);
}

function repeated(piece: readonly number[], room = mostBytes - headBytes): Uint8Array {
  const out = new Uint8Array(Math.floor(room / piece.length) * piece.length);
  for (let at = 0; at < out.length; at += piece.length) out.set(piece, at);
  return out;
}

/** A message in a message in a message, each the field `tag` of the other. */
function inEachOther(tag: number, room: number): Uint8Array {
  const parts: number[][] = [];
  for (let size = 0; size < room; ) {
    const part = [tag, ...varint(size)];
    parts.push(part);
    size += part.length;
  }
  return concatenated(parts.reverse());
}

const pods = "/api/v1/namespaces/default/pods";
const message = (name: string, kind: string, raw: () => Uint8Array, codes: readonly number[]): Hostile => ({
  name,
  method: "POST",
  path: kind === "Pod" ? pods : maps,
  contentType,
  body: () => enveloped(kind, raw()),
  codes,
});

const refused = [400, 413, 422];

export const wire: readonly Hostile[] = [
  message("a length that lies", "ConfigMap", () => joined([0x0a], varint(2 ** 31), [0]), [400]),
  message("a length beyond all numbers", "ConfigMap", () => joined([0x0a], repeated([0xff], 12)), [400]),
  message("a number without end", "ConfigMap", () => repeated([0xff]), [400]),
  message("empty messages", "Pod", () => joined([0x12], varint(1_000_000), repeated([0x12, 0], 1_000_000)), refused),
  message("a message again and again", "ConfigMap", () => repeated([0x0a, 0]), refused),
  message("map entries without keys", "ConfigMap", () => repeated([0x12, 0]), refused),
  message("groups", "ConfigMap", () => repeated([0x0b]), [400]),
  message("fields that nobody knows", "ConfigMap", () => repeated([0xf8, 0x3f, 0]), refused),
  message("field zero", "ConfigMap", () => repeated([0, 0]), refused),
  message(
    "packed numbers",
    "Pod",
    () => {
      // spec.securityContext.supplementalGroups
      const groups = repeated([1], 3_000_000);
      const security = joined([0x22], varint(groups.length), groups);
      const spec = joined([0x72], varint(security.length), security);
      return joined([0x12], varint(spec.length), spec);
    },
    refused,
  ),
  message("messages in each other", "Pod", () => inEachOther(0x12, 1_000_000), refused),
  {
    name: "an envelope alone",
    method: "POST",
    path: maps,
    contentType,
    body: () => encoder.encode("k8s\0"),
    codes: [400],
  },
  {
    name: "a long Accept header",
    method: "GET",
    path: maps,
    accept: () => long("application/json;as=Table;v=v1;g=meta.k8s.io,", 1400),
    codes: [200, 406],
  },
  { name: "an Accept header of commas", method: "GET", path: maps, accept: () => long(",", 65_000), codes: [200, 406] },
  {
    name: "an Accept header of weights",
    method: "GET",
    path: maps,
    accept: () => long("a/b;q=0.1;", 6_500),
    codes: [200, 406],
  },
  {
    name: "an Accept header of spaces",
    method: "GET",
    path: maps,
    accept: () => `a${long(" ", 65_000)}/b`,
    codes: [200, 406],
  },
  {
    name: "an Accept header in quotes",
    method: "GET",
    path: maps,
    accept: () => `a/b;c="${long('\\"', 32_000)}`,
    codes: [200, 406],
  },
];
