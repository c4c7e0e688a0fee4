// Request bodies into drafts.
import {
  asObject,
  badRequest,
  decodeObject,
  decodeValue,
  diagnoseCbor,
  type FieldValidation,
  formatApiVersion,
  type GroupVersionKind,
  goJson,
  type KubeObject,
  type MediaType,
  type Schema,
  type Schemas,
  StatusError,
  sortedCopy,
} from "../../machinery/index.ts";
import type { CustomServing, ServedResource } from "../catalog.ts";
import { cborGate, cborType } from "../content/cbor.ts";
import { spokenTypes } from "../content/negotiate.ts";
import { type RequestContext, warn } from "../context.ts";

/** Upstream: MaxRequestBodyBytes. HTTP adapters refuse such bodies while they read; this is for all others. */
const mostBodyBytes = 3 * 1024 * 1024;

export function checkBodySize(body: unknown): void {
  if (body instanceof Uint8Array && body.length > mostBodyBytes)
    throw new StatusError({
      code: 413,
      reason: "RequestEntityTooLarge",
      message: `Request entity too large: limit is ${mostBodyBytes}`,
    });
}

/** Throws StatusError 415. */
export function bodyMediaType({ request, core }: RequestContext): MediaType {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase();
  if (type === "" || type === "application/json" || type === "*/*") return "application/json";
  if (type === "application/yaml") return type;
  const cbor = core.featureEnabled(cborGate);
  if (type === cborType && cbor) return type;
  throw unsupportedMediaType(spokenTypes(cbor));
}

export const unsupportedMediaType = (accepted: readonly string[]): StatusError =>
  new StatusError({
    code: 415,
    reason: "UnsupportedMediaType",
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  });

export interface ExpectedBody {
  readonly gvk: GroupVersionKind;
  readonly schema: Schema | undefined;
  readonly schemas: Schemas;
  readonly fieldValidation: FieldValidation;
  readonly custom?: CustomServing;
  /** Other versions whose bodies are read as this one. */
  readonly alsoVersions?: readonly string[];
}

/** A fresh draft of the expected kind; kind and apiVersion are filled in when the client left them out. */
export function decodeBody(context: RequestContext, expected: ExpectedBody): KubeObject {
  const { body } = context.request;
  checkBodySize(body);
  if (expected.custom !== undefined) return decodeCustomBody(context, { ...expected, custom: expected.custom });
  const options = {
    fieldValidation: expected.fieldValidation,
    expect: expected.gvk,
    ...(expected.alsoVersions === undefined ? {} : { alsoVersions: expected.alsoVersions }),
    ...(expected.schema === undefined ? {} : { schema: expected.schema, schemas: expected.schemas }),
  };
  const decoded =
    body === undefined || body instanceof Uint8Array
      ? decodeObject(body ?? new Uint8Array(0), {
          ...options,
          mediaType: bodyMediaType(context),
        })
      : decodeValue(body, options);
  for (const text of decoded.warnings) for (const line of warningLines(text)) warn(context, line);
  const { object } = decoded;
  if (expected.alsoVersions?.includes(String(object["apiVersion"])))
    object["apiVersion"] = formatApiVersion(expected.gvk);
  return checkKind(object, expected.gvk);
}

export function checkKind(draft: Record<string, unknown>, gvk: GroupVersionKind): KubeObject {
  const apiVersion = formatApiVersion(gvk);
  const sentKind = draft["kind"];
  const sentVersion = draft["apiVersion"];
  if (typeof sentVersion === "string" && sentVersion !== "" && sentVersion !== apiVersion)
    throw badRequest(
      `the API version in the data (${sentVersion}) does not match the expected API version (${apiVersion})`,
    );
  if (typeof sentKind === "string" && sentKind !== "" && sentKind !== gvk.kind) throw wrongKind(sentKind, gvk);
  draft["kind"] = gvk.kind;
  draft["apiVersion"] = apiVersion;
  draft["metadata"] ??= {};
  return asObject(draft);
}

function wrongKind(sent: string, gvk: GroupVersionKind): StatusError {
  const internal = gvk.group === "" ? "core" : gvk.group.split(".", 1)[0];
  return badRequest(
    `${sent} in version ${JSON.stringify(gvk.version)} cannot be handled as a ${gvk.kind}: converting (${gvk.version}.${sent}) to (${internal}.${gvk.kind}): unknown conversion`,
  );
}

/** Bodies of custom resources: repeated keys, then what the schema does not know. */
function decodeCustomBody(
  context: RequestContext,
  { gvk, fieldValidation, custom }: ExpectedBody & { readonly custom: CustomServing },
): KubeObject {
  const { body } = context.request;
  const mediaType = body === undefined || body instanceof Uint8Array ? bodyMediaType(context) : undefined;
  const options = {
    fieldValidation: fieldValidation === "Ignore" ? fieldValidation : "Warn",
    expect: gvk,
    anyKind: true,
  } as const;
  const { object, warnings } =
    mediaType !== undefined && (body === undefined || body instanceof Uint8Array)
      ? decodeObject(body ?? new Uint8Array(0), {
          ...options,
          mediaType,
        })
      : decodeValue(body, options);
  if (mediaType === cborType) checkCborKind(object, body as Uint8Array, gvk);
  else if (mediaType !== undefined) checkKindIsThere(object, body as Uint8Array | undefined, gvk);
  else {
    object["kind"] ??= gvk.kind;
    object["apiVersion"] ??= formatApiVersion(gvk);
  }
  const sentVersion = String(object["apiVersion"] ?? "");
  const refuse = (why: string): StatusError =>
    badRequest(
      `${String(object["kind"])} in version ${JSON.stringify(sentVersion.slice(sentVersion.indexOf("/") + 1))} cannot be handled as a ${gvk.kind}: ${why}`,
    );
  let unknown: readonly string[];
  try {
    unknown = custom.coerce(object);
  } catch (error) {
    throw refuse((error as Error).message);
  }
  // Upstream looks for unknown fields in what it reads from JSON alone.
  const findings = mediaType === cborType ? [] : [...warnings, ...unknown.map((path) => `unknown field "${path}"`)];
  if (fieldValidation === "Strict" && findings.length > 0)
    throw refuse(`strict decoding error: ${findings.join(", ")}`);
  if (fieldValidation === "Warn")
    for (const text of findings) for (const line of warningLines(text)) warn(context, line);
  if (sentVersion !== formatApiVersion(gvk))
    throw badRequest(
      `the API version in the data (${sentVersion}) does not match the expected API version (${formatApiVersion(gvk)})`,
    );
  object["metadata"] ??= {};
  return asObject(object);
}

/** What has no Go type has to say its kind itself. */
function checkKindIsThere(object: Record<string, unknown>, body: Uint8Array | undefined, gvk: GroupVersionKind): void {
  if (typeof object["kind"] === "string" && object["kind"] !== "") return;
  const bytes = body ?? new Uint8Array(0);
  const text = new TextDecoder().decode(bytes);
  const shown = text.startsWith("{") ? text : goJson(sortedCopy(object));
  const summary = bytes.length > 30 ? `${new TextDecoder().decode(bytes.subarray(0, 30))} ...` : text;
  throw badRequest(
    `the object provided is unrecognized (must be of type ${gvk.kind}): Object 'Kind' is missing in '${shown}' (${summary})`,
  );
}

/** Both are to be there; anything but a text is nothing. */
function checkCborKind(object: Record<string, unknown>, body: Uint8Array, gvk: GroupVersionKind): void {
  const said = (name: "kind" | "apiVersion"): string => {
    const value = object[name];
    return typeof value === "string" ? value : "";
  };
  const kind = said("kind");
  if (kind === "") {
    const hex = Array.from(body.subarray(0, 30), (byte) => byte.toString(16).padStart(2, "0")).join("");
    throw badRequest(
      `the object provided is unrecognized (must be of type ${gvk.kind}): Object 'Kind' is missing in '${diagnoseCbor(body)}' (${hex}${body.length > 30 ? " ..." : ""})`,
    );
  }
  if (said("apiVersion") === "")
    throw badRequest(
      `${kind} in version "" cannot be handled as a ${gvk.kind}: Object 'apiVersion' is missing in '${diagnoseCbor(body)}'`,
    );
}

export const expectedOf = (resource: ServedResource, fieldValidation: FieldValidation): ExpectedBody => ({
  gvk: resource.kind,
  ...(resource.custom === undefined ? {} : { custom: resource.custom }),
  schema: resource.schema,
  schemas: resource.schemas,
  fieldValidation,
});

const yamlFindings = "yaml: unmarshal errors:\n";

/** A finding of the YAML decoder has many lines; each becomes a warning. Upstream: handlers/rest.go parseYAMLWarnings. */
const warningLines = (text: string): readonly string[] =>
  text.startsWith(yamlFindings)
    ? text
        .slice(yamlFindings.length)
        .split("\n")
        .map((line) => line.trim())
    : [text];
