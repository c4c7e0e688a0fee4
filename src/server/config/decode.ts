// Configuration files of apiserver.config.k8s.io, decoded strictly and with the words of Go's decoder.
// Upstream: apimachinery's serializer with EnableStrict; field names and types are those of apiserver/pkg/apis/apiserver/v1.
import {
  createSchemas,
  decodeObject,
  fromYaml,
  isObject,
  quoteGo,
  type Schema,
  type Shape,
  YamlError,
} from "../../machinery/index.ts";

export interface ConfigurationKind {
  readonly kind: string;
  /** `group/version`, all with the same fields. */
  readonly apiVersions: readonly string[];
  /** Go struct of the kind: a member of `structs`. */
  readonly struct: string;
  /** Fields by Go struct; `*` before a type keeps a zero value, as Go's pointers do. */
  readonly structs: Readonly<Record<string, Readonly<Record<string, FieldType>>>>;
}

/** `string`, `boolean`, `duration` or a Go struct; `[]` before it: a list of it. */
export type FieldType = string;

/** Kinds of the group, of which each file holds one. */
const registered: ReadonlySet<string> = new Set([
  ...["AdmissionConfiguration", "AuthenticationConfiguration", "AuthorizationConfiguration"],
  ...["EgressSelectorConfiguration", "EncryptionConfiguration", "TracingConfiguration"],
]);

const definition = (struct: string): string => `io.k8s.apiserver.v1.${struct}`;

function schemaOf(type: FieldType): Schema {
  if (type.startsWith("*")) return schemaOf(type.slice(1));
  if (type.startsWith("[]")) return { t: "array", i: schemaOf(type.slice(2)) };
  if (type === "string" || type === "boolean") return { t: type };
  if (type === "duration") return { t: "string" };
  return { r: definition(type) };
}

const decoders = new WeakMap<ConfigurationKind, (bytes: Uint8Array, text: string) => Record<string, unknown>>();

function decoderOf(of: ConfigurationKind): (bytes: Uint8Array, text: string) => Record<string, unknown> {
  const known = decoders.get(of);
  if (known !== undefined) return known;
  const definitions: Record<string, Schema> = {};
  const shapes: Record<string, Shape> = {};
  for (const [struct, fields] of Object.entries(of.structs)) {
    const entries = Object.entries(fields);
    definitions[definition(struct)] = {
      t: "object",
      p: Object.fromEntries(entries.map(([name, type]) => [name, schemaOf(type)])),
    };
    shapes[definition(struct)] = Object.fromEntries(
      entries.map(([name, type]) => [name, type.startsWith("*") ? "k" : ""]),
    );
  }
  const schemas = createSchemas({ kinds: {}, definitions }, shapes);
  const schema = definitions[definition(of.struct)]!;
  const decode = (bytes: Uint8Array, text: string): Record<string, unknown> =>
    decodeObject(bytes, {
      mediaType: /^\s*\{/.test(text) ? "application/json" : "application/yaml",
      schema,
      schemas,
      fieldValidation: "Strict",
    }).object;
  decoders.set(of, decode);
  return decode;
}

/** The document of a file's text. Throws Error with upstream's text for what it is not. */
export function decodeConfiguration(text: string, of: ConfigurationKind): Record<string, unknown> {
  const { apiVersion, kind } = documentOf(text);
  if (kind === "") throw new Error(`Object 'Kind' is missing in '${text}'`);
  if (apiVersion === "") throw new Error(`Object 'apiVersion' is missing in '${text}'`);
  if (!of.apiVersions.includes(apiVersion) || !registered.has(kind))
    throw new Error(
      `no kind ${quoteGo(kind)} is registered for version ${quoteGo(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
    );
  if (kind !== of.kind) throw new Error(`expected ${of.kind}, got *apiserver.${kind}`);
  return decoderOf(of)(new TextEncoder().encode(text), text);
}

export interface Document {
  readonly apiVersion: string;
  readonly kind: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** JSON or YAML of one object, and what it says it is; empty texts when it does not. Throws Error with upstream's text. */
export function documentOf(text: string): Document {
  let document: unknown;
  try {
    document = fromYaml(text)[0];
  } catch (error) {
    if (error instanceof YamlError) throw new Error(error.message, { cause: error });
    throw error;
  }
  if (document === undefined || document === null) return { apiVersion: "", kind: "", fields: {} };
  if (!isObject(document))
    throw new Error(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(document) ? "array" : typeof document} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  const { apiVersion, kind } = document;
  return {
    apiVersion: typeof apiVersion === "string" ? apiVersion : "",
    kind: typeof kind === "string" ? kind : "",
    fields: document,
  };
}
