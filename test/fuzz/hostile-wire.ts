// Hostile protobuf messages and headers.
import { writeMessage } from "../../src/server/protobuf/write.ts";
import { encoder, filled, type Hostile, long, maps, mostBytes, nested, revisions } from "./bodies.ts";

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
function enveloped(kind: string, raw: Uint8Array, apiVersion = "v1"): Uint8Array {
  const type = writeMessage("k8s.io.apimachinery.pkg.runtime.TypeMeta", { apiVersion, kind });
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

/** A field whose content has a length. */
const field = (number: number, content: Part): Uint8Array =>
  joined(varint(number * 8 + 2), varint(content.length), content);
const named = (name: string): Uint8Array => field(1, field(1, encoder.encode(name)));
/** `count` pieces, each by its number. */
const many = (count: number, piece: (index: number) => Part): Uint8Array =>
  concatenated(Array.from({ length: count }, (_, index) => piece(index)));
const entry = (key: string, value: Part): Uint8Array => joined(field(1, encoder.encode(key)), field(2, value));
/** As long as the number may be, which is one. */
const longest = [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0];

/** A message in itself, `depth` times. */
function within(number: number, depth: number): Uint8Array {
  const parts: Part[] = [];
  for (let level = 0, size = 0; level < depth; level++) {
    const head = [...varint(number * 8 + 2), ...varint(size)];
    parts.push(head);
    size += head.length;
  }
  return concatenated(parts.reverse());
}

const revisionOf = (json: string): Uint8Array =>
  joined(named("raw"), field(2, field(1, encoder.encode(json))), [0x18, 1]);
/** A definition whose schema is this. */
const definitionOf = (schema: Part): Uint8Array => field(2, field(7, field(4, field(1, schema))));

const elsewhere = (
  name: string,
  { path, apiVersion, kind }: { path: string; apiVersion: string; kind: string },
  raw: () => Uint8Array,
): Hostile => ({
  name,
  method: "POST",
  path,
  contentType,
  body: () => enveloped(kind, raw(), apiVersion),
  codes: [201, ...refused, 500],
});

const revision = { path: revisions, apiVersion: "apps/v1", kind: "ControllerRevision" };
const definition = {
  path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
};
const configMap = { path: maps, apiVersion: "v1", kind: "ConfigMap" };
const boundPod = { path: pods, apiVersion: "v1", kind: "Pod" };

const bombs: readonly Hostile[] = [
  elsewhere("JSON without end in protobuf", revision, () => revisionOf(long("[", 2_900_000))),
  elsewhere("deep JSON in protobuf", revision, () => revisionOf(nested("[", "1", "]", 1_400_000))),
  elsewhere("wide JSON in protobuf", revision, () => revisionOf(`[${"{},".repeat(900_000)}{}]`)),
  elsewhere("as much JSON in protobuf as may be", revision, () =>
    revisionOf(`{"a":[${filled(() => "{}", ",", 1_400_000)}]}`),
  ),
  elsewhere("schemas in each other in protobuf", definition, () => definitionOf(within(28, 100_000))),
  elsewhere("as many schemas in each other as may be", definition, () => definitionOf(within(28, 900))),
  elsewhere("properties in protobuf", definition, () =>
    definitionOf(many(40_000, (i) => field(29, entry(`p${i}`, [])))),
  ),
  elsewhere("a map of protobuf with many keys", configMap, () =>
    joined(
      named("many"),
      many(45_000, (i) => field(2, entry(`k${i}`, []))),
    ),
  ),
  elsewhere("a map of protobuf with one key", configMap, () =>
    joined(
      named("one"),
      many(45_000, () => field(2, entry("k", []))),
    ),
  ),
  elsewhere("a map of protobuf with bytes", configMap, () =>
    joined(named("bytes"), field(3, entry("k", repeated([0xff])))),
  ),
  elsewhere("a map of protobuf with many long keys", configMap, () =>
    joined(
      named("keys"),
      many(10_000, (i) => field(2, entry(`${i}${"k".repeat(240)}`, []))),
    ),
  ),
  elsewhere("labels of protobuf", configMap, () =>
    field(
      1,
      joined(
        field(1, encoder.encode("labels")),
        many(45_000, (i) => field(11, entry(`k${i}`, []))),
      ),
    ),
  ),
  elsewhere("names that are no UTF-8", configMap, () => field(1, field(1, repeated([0xff], 2_900_000)))),
  elsewhere("quantities of protobuf", boundPod, () =>
    joined(
      named("quantities"),
      field(
        2,
        field(
          2,
          field(
            8,
            many(30_000, (i) => field(1, entry(`e.io/${i}`, field(1, encoder.encode("1e9"))))),
          ),
        ),
      ),
    ),
  ),
  elsewhere("long numbers of protobuf", boundPod, () =>
    joined(
      named("numbers"),
      field(
        2,
        field(
          14,
          many(140_000, () => [0x20, ...longest]),
        ),
      ),
    ),
  ),
  elsewhere("long numbers in a row", boundPod, () =>
    joined(named("packed"), field(2, field(14, field(4, repeated(longest, 2_800_000))))),
  ),
  elsewhere("tags as long as they may be", configMap, () => repeated([0x92, 0x80, 0x80, 0x80, 0x80, 0, 0], 2_900_000)),
  elsewhere("lengths that go back", configMap, () =>
    repeated([0x12, 0xf4, ...Array.from({ length: 8 }, () => 0xff), 1]),
  ),
  elsewhere("a type of 3 MB", { ...configMap, kind: long("K", 2_900_000) }, () => new Uint8Array(0)),
  elsewhere("an envelope in an envelope", configMap, () => enveloped("ConfigMap", repeated([0x12, 0], 2_000_000))),
];

export const wire: readonly Hostile[] = [
  ...bombs,
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
