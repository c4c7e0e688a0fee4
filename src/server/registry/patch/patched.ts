// What a JSON, merge or strategic merge patch makes of an object, decoded, with upstream's errors and warnings.
// Upstream: apiserver's handlers/patch.go jsonPatcher and smpPatcher.
import {
  applyJsonPatch,
  applyMergePatch,
  asObject,
  badRequest,
  conversionFaults,
  type Decoded,
  decodeObject,
  decodePatch,
  decodeValue,
  documentMarks,
  documentText,
  field,
  formatApiVersion,
  type GroupVersionKind,
  goJson,
  goText,
  inGoOrder,
  invalid,
  isJsonObject,
  type JsonPatchOperation,
  type KubeObject,
  mergeStrategically,
  type PatchBody,
  parseApiVersion,
  plainCopy,
  type Schema,
  type Schemas,
  StatusError,
  sortedCopy,
  sortedNames,
  wrapIntegers,
} from "../../../machinery/index.ts";
import type { CustomServing } from "../../catalog.ts";
import { cborGate } from "../../content/cbor.ts";
import { type RequestContext, warn } from "../../context.ts";
import { checkBodySize, checkKind, unsupportedMediaType } from "../body.ts";
import type { WriteOptions } from "../options.ts";

const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
  "application/apply-patch+cbor",
] as const;
export type PatchType = Exclude<(typeof patchTypes)[number], `application/apply-patch+${string}`>;

/** `cbor`: the feature gate CBORServingAndStorage is on. */
export const spokenPatches = (cbor: boolean): readonly string[] => (cbor ? patchTypes : patchTypes.slice(0, -1));

const mostOperations = 10_000;

export interface PatchTarget {
  readonly type: PatchType;
  readonly schema: Schema | undefined;
  readonly schemas: Schemas;
  readonly custom?: CustomServing;
}

type Validation = WriteOptions["fieldValidation"];

/**
 * A function from an object to a fresh draft of the patched one. The patch is read when it is first applied: that the object
 * is there comes before what is wrong with the patch.
 */
export function patcherOf(context: RequestContext, target: PatchTarget): (old: KubeObject) => KubeObject {
  const { body } = context.request;
  checkBodySize(body);
  if (
    target.type === "application/strategic-merge-patch+json" &&
    (target.schema === undefined || target.custom !== undefined)
  )
    throw unsupportedMediaType(
      spokenPatches(context.core.featureEnabled(cborGate)).filter((each) => each !== target.type),
    );
  const validation = (context.query.get("fieldValidation") || "Warn") as Validation;
  let read: PatchBody | undefined;
  return (old) => {
    read ??= readPatch(context, target.type, validation);
    const { draft, findings } = patchedObject(old, read, { ...target, validation });
    for (const text of findings) warn(context, text);
    return draft;
  };
}

function readPatch(context: RequestContext, type: PatchType, validation: Validation): PatchBody {
  const { body } = context.request;
  const read: PatchBody =
    body === undefined || body instanceof Uint8Array
      ? decodePatch(body ?? new Uint8Array(0), shortTypes[type], validation)
      : { patch: body, raw: new WeakMap(), findings: [] };
  if (type !== "application/json-patch+json") return read;
  if (!Array.isArray(read.patch)) throw badRequest("error decoding patch: a JSON patch is a list of operations");
  if (read.patch.length > mostOperations)
    throw new StatusError({
      code: 413,
      reason: "RequestEntityTooLarge",
      message: `The allowed maximum operations in a JSON patch is ${mostOperations}, got ${read.patch.length}`,
    });
  return read;
}

const shortTypes = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
} as const;

interface Patching extends PatchTarget {
  readonly validation: Validation;
}

interface Patched {
  readonly draft: KubeObject;
  /** What is to be warned of. */
  readonly findings: readonly string[];
}

function patchedObject(old: KubeObject, body: PatchBody, patching: Patching): Patched {
  const kind = { ...parseApiVersion(old.apiVersion), kind: old.kind };
  const { schema, schemas } = patching;
  if (patching.type === "application/strategic-merge-patch+json")
    return strategicallyPatched(old, body, { ...patching, schema: schema as Schema, kind });
  if (patching.custom !== undefined) return customPatched(old, body, { ...patching, custom: patching.custom });
  const json = patching.type === "application/json-patch+json";
  if (schema !== undefined && !json) return merged(old, body, { ...patching, schema, kind });
  const patched = json ? applyJsonPatch(old, body.patch as JsonPatchOperation[]) : applyMergePatch(old, body.patch);
  if (schema === undefined)
    return { draft: checkKind(plainCopy(patched) as Record<string, unknown>, kind), findings: [] };
  const decoded = isVersionless(patched) ? undefined : cleanlyDecoded(patched, { schema, schemas, kind });
  if (decoded !== undefined && body.findings.length === 0)
    return { draft: checkKind(decoded.object, kind), findings: [] };
  return explained(old, body, { ...patching, schema, kind });
}

/** A merge patch marks what it looked into: errors and findings come in the order of the document that upstream prints. */
function merged(old: KubeObject, body: PatchBody, explaining: Explaining): Patched {
  const { schema, schemas, kind, validation } = explaining;
  const marks = documentMarks(body.raw);
  const patched = applyMergePatch(old, body.patch, marks);
  const text = (): string => documentText(patched, marks, { schema, schemas });
  if (isVersionless(patched)) return versionless(Object.keys(patched).sort(), body, { ...explaining, text });
  const decoded = orInvalid(text, () =>
    decodeValue(patched, {
      schema,
      schemas,
      expect: kind,
      bareErrors: true,
      fieldValidation: validation === "Ignore" ? "Ignore" : "Warn",
      namesOf: sortedNames(marks),
    }),
  );
  return found(decoded.object, [...body.findings, ...decoded.warnings], { ...explaining, text });
}

/** What was found is an error or to be warned of. */
function found(
  object: Record<string, unknown>,
  findings: readonly string[],
  { kind, validation, text }: Explaining & { readonly text: () => string },
): Patched {
  if (validation === "Strict" && findings.length > 0)
    throw invalidPatch(text(), `strict decoding error: ${findings.join(", ")}`);
  return { draft: checkKind(object, kind), findings };
}

/** Custom resources: unknown fields are found after patching, in the document with sorted keys. */
function customPatched(
  old: KubeObject,
  body: PatchBody,
  { type, custom, validation }: Patching & { readonly custom: CustomServing },
): Patched {
  const patched =
    type === "application/json-patch+json"
      ? applyJsonPatch(old, body.patch as JsonPatchOperation[])
      : applyMergePatch(old, body.patch);
  const draft = plainCopy(patched) as Record<string, unknown>;
  let unknown: readonly string[];
  try {
    unknown = custom.coerce(draft);
  } catch (error) {
    throw invalidPatch(goJson(sortedCopy(patched)), (error as Error).message);
  }
  const findings =
    validation === "Ignore" ? [] : [...body.findings, ...unknown.map((path) => `unknown field "${path}"`)];
  if (validation === "Strict" && findings.length > 0)
    throw invalidPatch(goJson(sortedCopy(patched)), `strict decoding error: ${findings.join(", ")}`);
  draft["metadata"] ??= {};
  return { draft: asObject(draft), findings };
}

/** The decoded value when nothing is to be said about it: the common case. */
function cleanlyDecoded(
  patched: unknown,
  { schema, schemas, kind }: { schema: Schema; schemas: Schemas; kind: GroupVersionKind },
): Decoded | undefined {
  try {
    const decoded = decodeValue(patched, { schema, schemas, expect: kind, fieldValidation: "Warn" });
    return decoded.warnings.length === 0 ? decoded : undefined;
  } catch (error) {
    if (error instanceof StatusError && error.code === 400) return undefined;
    throw error;
  }
}

type Explaining = Patching & { readonly schema: Schema; readonly kind: GroupVersionKind };

/** What a JSON patch made as text, as upstream holds it, read again: errors and findings come in its order and show it. */
function explained(old: KubeObject, body: PatchBody, explaining: Explaining): Patched {
  const { schema, schemas, kind, validation } = explaining;
  const marks = documentMarks(body.raw);
  const ordered = inGoOrder(old, { schema, schemas }, marks);
  const patched = applyJsonPatch(ordered, body.patch as JsonPatchOperation[], marks);
  const written = documentText(patched, marks);
  const text = (): string => written;
  if (isVersionless(patched))
    return versionless(Object.keys(JSON.parse(written) as object), body, { ...explaining, text });
  const decoded = orInvalid(text, () =>
    decodeObject(new TextEncoder().encode(written), {
      mediaType: "application/json",
      schema,
      schemas,
      expect: kind,
      bareErrors: true,
      fieldValidation: validation === "Ignore" ? "Ignore" : "Warn",
    }),
  );
  return found(decoded.object, [...body.findings, ...decoded.warnings], { ...explaining, text });
}

const isVersionless = (patched: unknown): patched is Record<string, unknown> =>
  isJsonObject(patched) && (patched["apiVersion"] ?? "") === "";

/** Findings that upstream's strict decoder collects. */
const mostFindings = 100;

/** Upstream reads a document without apiVersion as its internal type, none of whose fields JSON can name. */
function versionless(
  names: readonly string[],
  body: PatchBody,
  explaining: Explaining & { readonly text: () => string },
): Patched {
  const unknown = names.filter((name) => name !== "kind" && name !== "apiVersion").slice(0, mostFindings);
  const findings =
    explaining.validation === "Ignore"
      ? []
      : [...body.findings, ...unknown.map((name) => `unknown field ${JSON.stringify(name)}`)];
  return found({}, findings, explaining);
}

function orInvalid<T>(text: () => string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof StatusError && error.code === 400) throw invalidPatch(text(), error.message);
    throw error;
  }
}

function strategicallyPatched(old: KubeObject, body: PatchBody, explaining: Explaining): Patched {
  const { schema, schemas, kind, validation } = explaining;
  const { object, left } = mergeStrategically(old, body.patch, { schema, schemas });
  const patched = object as Record<string, unknown>;
  // The kind is that of the Go type, whatever the patch says.
  const named = { ...patched, apiVersion: formatApiVersion(kind), kind: kind.kind };
  const decoded = cleanlyDecoded(named, { schema, schemas, kind });
  if (decoded !== undefined && body.findings.length === 0)
    return { draft: checkKind(decoded.object, kind), findings: [] };
  const faults = conversionFaults(patched, { schema, schemas });
  if (faults.error !== undefined) throw invalidPatch(goText(left), faults.error);
  const findings = validation === "Ignore" ? [] : [...body.findings, ...faults.unknown];
  if (validation === "Strict" && findings.length > 0)
    throw invalidPatch(goText(left), `strict decoding error: ${findings.join(", ")}`);
  const read = orInvalid(
    () => goText(left),
    () =>
      decodeValue(wrapIntegers(named, { schema, schemas }), {
        schema,
        schemas,
        expect: kind,
        bareErrors: true,
        fieldValidation: "Ignore",
      }),
  );
  return { draft: checkKind(read.object, kind), findings };
}

/** What is wrong with the patched object is shown as a fault of the patch. */
const invalidPatch = (value: string, why: string): StatusError =>
  invalid({ group: "", kind: "" }, "", [field.invalid("patch", value, why)]);

/** The patched object still has the name that the path says. Upstream: checkName. */
export function checkPatchedName({ metadata }: KubeObject, name: string): void {
  const patched = metadata.name ?? "";
  if (patched === name) return;
  throw patched === ""
    ? badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
    : badRequest(`the name of the object (${patched}) does not match the name on the URL (${name})`);
}
