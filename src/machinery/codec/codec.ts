// Objects ↔ bytes. Upstream: k8s.io/apimachinery/pkg/runtime/serializer/json, sigs.k8s.io/json, k8s.io/apiserver
// endpoints/handlers (how decode errors are worded).

import { sharedText } from "../apply/fields-text.ts";
import { setOwn } from "../equal.ts";
import { badRequest, requestTooLarge } from "../errors.ts";
import { formatApiVersion, type GroupVersionKind, type KubeObject, type ManagedFieldsEntry } from "../object.ts";
import { builtinSchemas, type Schema, type Schemas } from "../schema.ts";
import { sortedCopy } from "../sorted.ts";
import { parseCbor, parseCborHead } from "./cbor-read.ts";
import { CborError } from "./cbor-wellformed.ts";
import { CborWords } from "./cbor-words.ts";
import { readerOf } from "./decode-plan.ts";
import { deepest, JsonNumber, JsonSyntaxError, mostValues, type ParsedJson, parseJson, scanJson } from "./json-text.ts";
import { readAny } from "./loose-reader.ts";
import { ReadContext, type Reader } from "./read-context.ts";
import { readFirstDocument, YamlError } from "./yaml.ts";

export type FieldValidation = "Strict" | "Warn" | "Ignore";
export type MediaType = "application/json" | "application/yaml" | "application/cbor";

export interface DecodeOptions {
  readonly mediaType: MediaType;
  /** Root schema; without one unknown fields are not looked for (custom resources that preserve, options objects). */
  readonly schema?: Schema;
  readonly schemas?: Schemas;
  readonly fieldValidation: FieldValidation;
  /**
   * The kind that the request path stands for. With it, absent kind and apiVersion are filled in, another kind or version is
   * refused, and errors are worded as upstream's handlers word them (`Pod in version "v1" cannot be handled as a Pod: …`).
   */
  readonly expect?: GroupVersionKind;
  /** Errors without the words around them that handlers put there: what a patched object is refused with. */
  readonly bareErrors?: true;
  /** Versions that are read like the expected one. */
  readonly alsoVersions?: readonly string[];
  /** Names of an object's members in the order in which they are to be read and told of; undefined: as they come. */
  readonly namesOf?: (value: object) => readonly string[] | undefined;
  /** The object as upstream's storage gives it back: an empty list that is always written becomes null. */
  readonly asStored?: true;
  /** Kinds without a Go type: what the data says it is is left for validation to judge. */
  readonly anyKind?: true;
}

export interface Decoded {
  /** Fresh, mutable; unknown fields are dropped, as upstream's typed decoding drops them. */
  readonly object: Record<string, unknown>;
  /** Texts for `Warning` headers: `unknown field "spec.foo"`, `duplicate field "metadata.name"`. */
  readonly warnings: readonly string[];
}

/** Throws StatusError: 400 (bad syntax, wrong types, strict findings with upstream's text), 413 for very many values. */
export function decodeObject(bytes: Uint8Array, options: DecodeOptions): Decoded {
  const parsed = parsers[options.mediaType](bytes, options);
  const identity = identify(parsed.value, () => bytes, { ...options, cbor: parsed.cbor });
  const decoded = read(parsed, options, identity);
  if (parsed.members === undefined || parsed.members === decoded.members) return decoded.result();
  // Some key occurs twice: parse again and look where.
  const again = parseJson(decode(bytes), { keepNumbers: true, mergeRepeated: true });
  return read(again, options, identity).result();
}

/**
 * The same for a value that needs no parsing: bodies of callers in process, results of patches. The value may be frozen; the
 * result is fresh.
 */
export function decodeValue(value: unknown, options: Omit<DecodeOptions, "mediaType">): Decoded {
  const identity = identify(value, () => encodeJson(value), options);
  return read({ value, repeated: noneRepeated }, options, identity).result();
}

const noneRepeated: ReadonlyMap<object, readonly string[]> = new Map();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();
const decode = (bytes: Uint8Array): string => decoder.decode(bytes);

interface ParsedBody extends Omit<ParsedJson, "raw" | "keptNumbers"> {
  /** Object members in the text, when repeated keys are not known yet. */
  readonly members?: number;
  /** Strict findings of the syntax itself. */
  readonly findings?: readonly string[];
  readonly cbor?: CborWords;
}

type Parser = (bytes: Uint8Array, options: DecodeOptions) => ParsedBody;

const parsers: Readonly<Record<MediaType, Parser>> = {
  "application/json": parseJsonBody,
  "application/yaml": parseYamlBody,
  "application/cbor": parseCborBody,
};

function parseJsonBody(bytes: Uint8Array, options: DecodeOptions): ParsedBody {
  const text = decode(bytes);
  const scan = scanJson(bytes);
  if (scan.values > mostValues) throw requestTooLarge(`limit is ${mostValues} values`);
  if (!scan.oddNumbers && scan.depth <= deepest) {
    const value = tryParse(text);
    if (value !== undefined)
      return { value: halfPair.test(text) ? wellFormed(value) : value, repeated: noneRepeated, members: scan.members };
  }
  try {
    return parseJson(text, { keepNumbers: true, mergeRepeated: true });
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw unrecognized(`couldn't get version/kind; json parse error: ${error.message}`, bytes, options);
  }
}

/** Half a surrogate pair may be written where nothing but an escape can say it; Go reads U+FFFD. */
const halfPair = /\\u[dD][89a-fA-F]/;

function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (value === null || typeof value !== "object") return value;
  const out: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) setOwn(out, name.toWellFormed(), wellFormed(member));
  return out;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function parseYamlBody(bytes: Uint8Array, options: DecodeOptions): ParsedBody {
  const text = decode(bytes);
  try {
    const { value, repeatedKeys } = readFirstDocument(text);
    const finding = options.fieldValidation === "Ignore" ? undefined : repeatedKeys();
    // Upstream reads JSON made of it, whose members are in order.
    return {
      value: sortedCopy(value),
      repeated: noneRepeated,
      ...(finding === undefined ? {} : { findings: [finding] }),
    };
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw unrecognized(error.message, bytes, options);
  }
}

function parseCborBody(bytes: Uint8Array, options: DecodeOptions): ParsedBody {
  try {
    const parsed = parseCbor(bytes);
    return { value: parsed.value, repeated: noneRepeated, cbor: new CborWords(bytes, parsed) };
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    if (error.atTop) throw unrecognized(`${noCborType}: ${error.message}`, bytes, options);
    throw refusal(error.message, identifyHead(bytes, options), options);
  }
}

/** What a document says it is that is wrong further down. */
function identifyHead(bytes: Uint8Array, options: DecodeOptions): GroupVersionKind | undefined {
  try {
    const head = parseCborHead(bytes);
    return identify(head.value, () => bytes, { ...options, cbor: new CborWords(bytes, head) });
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    throw unrecognized(`${noCborType}: ${error.message}`, bytes, options);
  }
}

const noCborType = "unable to determine group/version/kind";

interface Wording extends Pick<DecodeOptions, "expect" | "bareErrors" | "anyKind"> {
  readonly cbor?: CborWords | undefined;
}

function unrecognized(why: string, bytes: Uint8Array, { expect, bareErrors }: Wording) {
  if (expect === undefined || bareErrors) return badRequest(why);
  return badRequest(`the object provided is unrecognized (must be of type ${expect.kind}): ${why} (${summary(bytes)})`);
}

/** The start of the body: as text when it looks like JSON, else in hexadecimal. */
function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return "<empty>";
  const start = bytes.subarray(0, 30);
  const shown =
    bytes[0] === 0x7b ? decode(start) : [...start].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return bytes.length > 30 ? `${shown} ...` : shown;
}

const interpretType =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** Go looks for the two in any case of letters, and the last one counts. */
function typeField(key: string): "apiVersion" | "kind" | undefined {
  if (key === "apiVersion" || key === "kind") return key;
  if (key.length === 10 && key.toLowerCase() === "apiversion") return "apiVersion";
  return key.length === 4 && key.toLowerCase() === "kind" ? "kind" : undefined;
}

/** What the data says it is, filled up from what is expected. */
function identify(value: unknown, bytes: () => Uint8Array, wording: Wording): GroupVersionKind | undefined {
  const { expect, cbor } = wording;
  if (value === null || value === undefined) return expect;
  if (cbor !== undefined) return identifyCbor(value, bytes, { ...wording, cbor });
  const context = new ReadContext(noneRepeated);
  if (typeof value !== "object" || Array.isArray(value)) {
    context.typeError(value, interpretType);
    throw unrecognized(`couldn't get version/kind; json parse error: ${context.error}`, bytes(), wording);
  }
  const named: { apiVersion?: unknown; kind?: unknown } = {};
  for (const key in value) {
    const name = typeField(key);
    const text = name && (value as Record<string, unknown>)[key];
    if (name === undefined || text === null || text === undefined) continue;
    named[name] = text;
    if (typeof text === "string") continue;
    context.typeError(text, "string");
    const error = context.error?.replace("Go value", `Go struct field .${name}`);
    throw unrecognized(`couldn't get version/kind; json parse error: ${error}`, bytes(), wording);
  }
  const { apiVersion, kind } = named;
  const version = typeof apiVersion === "string" && apiVersion !== "/" ? apiVersion : "";
  const parts = version.split("/");
  if (parts.length > 2) throw unrecognized(`unexpected GroupVersion string: ${version}`, bytes(), wording);
  const group = parts.length === 2 ? parts[0]! : "";
  const found = { group, version: parts.at(-1)!, kind: typeof kind === "string" ? kind : "" };
  return expect === undefined ? found : filledUp(found, expect);
}

function identifyCbor(
  value: unknown,
  bytes: () => Uint8Array,
  wording: Wording & { readonly cbor: CborWords },
): GroupVersionKind | undefined {
  const { cbor, expect } = wording;
  const named = value as { readonly apiVersion?: unknown; readonly kind?: unknown };
  const isMap = typeof value === "object" && !Array.isArray(value) && !(value instanceof JsonNumber);
  const wrong =
    isMap && wording.anyKind !== true
      ? Object.keys(value as object).find(
          (key) => (key === "kind" || key === "apiVersion") && named[key] !== null && typeof named[key] !== "string",
        )
      : undefined;
  if (!isMap || wrong !== undefined) {
    cbor.root = "v1.TypeMeta";
    const fields = wrong === undefined ? [] : [{ name: wrong }];
    const place = { path: fields.map(({ name }) => name), fields };
    const why = isMap ? cbor.typeError(place, "string") : cbor.structError(place, "v1.TypeMeta");
    throw unrecognized(`${noCborType}: ${why}`, bytes(), wording);
  }
  const version = typeof named.apiVersion === "string" ? named.apiVersion.split("/") : [];
  const found = {
    group: version.length === 2 ? version[0]! : "",
    version: version.length > 2 ? "" : (version.at(-1) ?? ""),
    kind: typeof named.kind === "string" ? named.kind : "",
  };
  return expect === undefined ? found : filledUp(found, expect);
}

function filledUp(found: GroupVersionKind, expect: GroupVersionKind): GroupVersionKind {
  const kind = found.kind === "" ? expect.kind : found.kind;
  if (found.version === "" && (found.group === "" || found.group === expect.group))
    return { group: expect.group, version: expect.version, kind };
  return { ...found, kind };
}

/** `Pod in version "v1" cannot be handled as a Pod: why`. */
function refusal(why: string, identity: GroupVersionKind | undefined, { expect, bareErrors }: Wording) {
  if (expect === undefined || identity === undefined || bareErrors) return badRequest(why);
  return badRequest(
    `${identity.kind} in version ${JSON.stringify(identity.version)} cannot be handled as a ${expect.kind}: ${why}`,
  );
}

/** Versions that upstream still knows how to read but does not serve. */
const retiredVersions = new Set([
  "admission.k8s.io/v1beta1",
  "apiextensions.k8s.io/v1beta1",
  "apps/v1beta1",
  "apps/v1beta2",
  "authentication.k8s.io/v1beta1",
  "authorization.k8s.io/v1beta1",
  "autoscaling/v2beta1",
  "autoscaling/v2beta2",
  "batch/v1beta1",
  "discovery.k8s.io/v1beta1",
  "events.k8s.io/v1beta1",
  "extensions/v1beta1",
  "flowcontrol.apiserver.k8s.io/v1beta1",
  "flowcontrol.apiserver.k8s.io/v1beta2",
  "flowcontrol.apiserver.k8s.io/v1beta3",
  "node.k8s.io/v1beta1",
  "policy/v1beta1",
  "rbac.authorization.k8s.io/v1beta1",
  "scheduling.k8s.io/v1beta1",
]);

/** Refuses data of another kind or version than the path stands for. */
function checkIdentity(
  identity: GroupVersionKind,
  { expect, bareErrors }: { expect: GroupVersionKind; bareErrors?: true | undefined },
  { value, schemas, cbor }: { value: unknown; schemas: Schemas; cbor: CborWords | undefined },
): void {
  if (identity.kind === expect.kind && identity.group === expect.group && identity.version === expect.version) return;
  const version = formatApiVersion(identity);
  const wording: Wording = bareErrors ? { expect, bareErrors } : { expect };
  const schema = schemas.ofKind(identity);
  const isList = identity.kind === "List" && version === "v1";
  if (schema === undefined && !isList && !(identity.kind === expect.kind && retiredVersions.has(version)))
    throw refusal(
      `no kind ${JSON.stringify(identity.kind)} is registered for version ${JSON.stringify(version)} in scheme "pkg/runtime/scheme.go:111"`,
      identity,
      wording,
    );
  if (identity.kind !== expect.kind) {
    // It is read as what it says it is before anybody asks whether that fits.
    const context = new ReadContext(noneRepeated);
    if (schema !== undefined) {
      const reader = readerOf(schema, schemas);
      inWordsOf(cbor, context, reader);
      reader.read(value, context);
    }
    throw refusal(
      context.error ??
        `converting (${identity.version}.${identity.kind}) to (${internalPackage(expect.group)}.${expect.kind}): unknown conversion`,
      identity,
      wording,
    );
  }
  throw badRequest(
    `the API version in the data (${version}) does not match the expected API version (${formatApiVersion(expect)})`,
  );
}

const internalPackage = (group: string): string => {
  if (group === "") return "core";
  const first = group.split(".")[0]!;
  return group === "rbac.authorization.k8s.io"
    ? "rbac"
    : group === "flowcontrol.apiserver.k8s.io"
      ? "flowcontrol"
      : first;
};

const isAlso = (identity: GroupVersionKind, { expect, alsoVersions }: Omit<DecodeOptions, "mediaType">): boolean =>
  alsoVersions !== undefined && identity.kind === expect?.kind && alsoVersions.includes(formatApiVersion(identity));

function read(
  parsed: ParsedBody,
  options: Omit<DecodeOptions, "mediaType">,
  identity: GroupVersionKind | undefined,
): { members: number; result(): Decoded } {
  const { expect, fieldValidation, bareErrors } = options;
  const schemas = options.schemas ?? builtinSchemas();
  if (expect !== undefined && identity !== undefined)
    if (options.anyKind !== true && !isAlso(identity, options))
      checkIdentity(identity, { expect, bareErrors }, { value: parsed.value ?? {}, schemas, cbor: parsed.cbor });
  const context = new ReadContext(parsed.repeated, parsed.members === undefined ? "shared" : "owned");
  context.asStored = options.asStored === true;
  context.namesOf = options.namesOf;
  const value = parsed.value ?? {};
  const reader = options.schema === undefined ? undefined : readerOf(options.schema, schemas);
  inWordsOf(parsed.cbor, context, reader);
  const object = (reader === undefined ? readAny(value, context, schemas) : reader.read(value, context)) as Record<
    string,
    unknown
  >;
  if (context.error !== undefined) throw refusal(context.error, identity, options);
  if (expect !== undefined && identity !== undefined && options.anyKind !== true) {
    object["apiVersion"] = formatApiVersion(identity);
    object["kind"] = identity.kind;
  }
  return {
    members: context.members,
    result: () => {
      if (fieldValidation === "Ignore") return { object, warnings: [] };
      const findings = [...(parsed.findings ?? []), ...context.findings];
      if (fieldValidation === "Strict" && findings.length > 0)
        throw refusal(`strict decoding error: ${findings.join(", ")}`, identity, options);
      return { object, warnings: findings };
    },
  };
}

function inWordsOf(cbor: CborWords | undefined, context: ReadContext, reader: Reader | undefined): void {
  if (cbor === undefined) return;
  context.cbor = cbor;
  context.namesOf ??= (value) => cbor.namesOf(value);
  cbor.root = reader?.type ?? "";
}

/**
 * The bytes that the store keeps: JSON with kind, apiVersion and metadata first, without metadata.resourceVersion, so that
 * `withResourceVersion` can splice the revision in without decoding.
 */
export function encodeForStore(object: KubeObject): Uint8Array {
  const { kind, apiVersion, metadata, ...rest } = object;
  const { resourceVersion: _, managedFields, ...kept } = metadata;
  let text = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":`;
  text += managedFields === undefined ? toJson(kept) : withLast(toJson(kept), managersText(managedFields));
  const others = toJson(rest);
  return encoder.encode(others === "{}" ? `${text}}` : `${text},${others.slice(1)}`);
}

/** The object with `managedFields` after its other members. */
const withLast = (object: string, managers: string): string =>
  `${object.slice(0, -1)}${object === "{}" ? "" : ","}"managedFields":${managers}}`;

function managersText(managers: readonly ManagedFieldsEntry[] | null): string {
  const only = managers?.length === 1 ? managers[0]! : undefined;
  const fields = only?.fieldsV1 ? sharedText(only.fieldsV1) : undefined;
  if (only === undefined || fields === undefined) return toJson(managers);
  const { fieldsV1: __, subresource, ...entry } = only;
  const end = subresource === undefined ? "" : `,"subresource":${JSON.stringify(subresource)}`;
  return `[${toJson(entry).slice(0, -1)},"fieldsV1":${fields}${end}}]`;
}

const metadataStart = encoder.encode('"metadata":{');
const lineFeed = 0x0a;

/**
 * Stored bytes plus `"resourceVersion":"N"` as the first field of metadata. Behind them, not within, is the newline that they
 * are answered with: see `withNewline`.
 */
export function withResourceVersion(stored: Uint8Array, revision: number): Uint8Array {
  const at = indexOfBytes(stored, metadataStart) + metadataStart.length;
  const empty = stored[at] === 0x7d;
  const splice = `"resourceVersion":"${revision}"${empty ? "" : ","}`;
  const size = stored.length + splice.length;
  const out = new Uint8Array(size + 1);
  for (let index = 0; index < at; index++) out[index] = stored[index]!;
  for (let index = 0; index < splice.length; index++) out[at + index] = splice.charCodeAt(index);
  out.set(stored.subarray(at), at + splice.length);
  out[size] = lineFeed;
  return out.subarray(0, size);
}

/** How many bytes `withResourceVersion` makes of stored ones that have something in their metadata, as every object has. */
export const sizeWithResourceVersion = (stored: Uint8Array, revision: number): number =>
  stored.length + spliceLength + String(revision).length;
const spliceLength = '"resourceVersion":"",'.length;

/** The bytes and a newline: of what `withResourceVersion` has made the same memory, of others a copy. */
export function withNewline(bytes: Uint8Array): Uint8Array {
  const size = bytes.length + 1;
  if (bytes.byteOffset === 0 && bytes.buffer.byteLength === size) {
    const line = new Uint8Array(bytes.buffer);
    if (line[size - 1] === lineFeed) return line;
  }
  const line = new Uint8Array(size);
  line.set(bytes);
  line[size - 1] = lineFeed;
  return line;
}

function indexOfBytes(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = bytes.indexOf(wanted[0]!); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1)) {
    let same = 1;
    while (same < wanted.length && bytes[at + same] === wanted[same]) same++;
    if (same === wanted.length) return at;
  }
  throw new Error("stored bytes hold no metadata: they were not written by encodeForStore");
}

/** JSON bytes of any value; 64-bit integers may be bigints. */
export function encodeJson(value: unknown): Uint8Array {
  return encoder.encode(toJson(value));
}

/** JSON text of any value; undefined members are left out, 64-bit integers may be bigints. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, (_key, member) => (typeof member === "bigint" ? rawNumber(member) : member));
  }
}

/** ECMAScript's JSON.rawJSON, which TypeScript's library does not declare yet. */
const rawNumber = (value: bigint): unknown =>
  (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value));
