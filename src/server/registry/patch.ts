// PATCH: JSON, merge and strategic merge. Upstream: apiserver's handlers/patch.go.
import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  badRequest,
  decodePatch,
  decodeValue,
  deepClone,
  field,
  goJson,
  invalid,
  type JsonPatchOperation,
  type KubeObject,
  modifiedConflict,
  notImplemented,
  StatusError,
} from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import type { Answer } from "../content/answer.ts";
import { type RequestContext, warn } from "../context.ts";
import { apply } from "./apply.ts";
import { checkBodySize, checkKind, unsupportedMediaType } from "./body.ts";
import { type WriteOptions, writeOptions } from "./options.ts";
import { changeObject } from "./update.ts";

const mostOperations = 10_000;
const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
] as const;
type PatchType = (typeof patchTypes)[number];

export async function patch(context: RequestContext, resource: ServedResource): Promise<Answer> {
  const { info } = context;
  if (isApply(context)) return apply(context, resource);
  const type = patchTypeOf(context);
  const options = writeOptions(context, "PatchOptions");
  const patched = patcherOf(context, { type, schema: resource.schema, schemas: resource.schemas });
  const written = await changeObject(context, resource, {
    name: info.name,
    subresource: info.subresource,
    options,
    unconditional: true,
    neverCreates: true,
    change: (old) => {
      const draft = decodePatched(context, resource, { patched: patched(old), options });
      checkPatched(draft, old, resource);
      return draft;
    },
  });
  return { type: "object", status: 200, resource, object: written.object };
}

const isApply = (context: RequestContext): boolean =>
  (context.request.headers["content-type"] ?? "").split(";", 1)[0]!.trim() === "application/apply-patch+yaml";

export function patchTypeOf(context: RequestContext): PatchType {
  const type = (context.request.headers["content-type"] ?? "").split(";", 1)[0]!.trim();
  if (!(patchTypes as readonly string[]).includes(type)) throw unsupportedMediaType(patchTypes);
  if (type === "application/apply-patch+yaml") throw notImplemented("server-side apply of this subresource");
  return type as PatchType;
}

type Patcher = (old: KubeObject) => unknown;

/** The patch is read once; what it is applied to may be read several times. */
export function patcherOf(
  context: RequestContext,
  target: { type: PatchType } & Pick<ServedResource, "schema" | "schemas">,
): Patcher {
  const { body } = context.request;
  checkBodySize(body);
  const { type, schema, schemas } = target;
  const validation = (context.query.get("fieldValidation") || "Warn") as WriteOptions["fieldValidation"];
  const { patch, findings } =
    body instanceof Uint8Array ? decodePatch(body, shortTypes[type], validation) : { patch: body, findings: [] };
  if (findings.length > 0 && validation === "Strict")
    throw invalidPatch(patch, `strict decoding error: ${findings.join(", ")}`);
  for (const text of findings) warn(context, text);
  if (type === "application/json-patch+json") {
    if (!Array.isArray(patch)) throw badRequest("error decoding patch: a JSON patch is a list of operations");
    if (patch.length > mostOperations)
      throw new StatusError({
        code: 413,
        reason: "RequestEntityTooLarge",
        message: `The allowed maximum operations in a JSON patch is ${mostOperations}, got ${patch.length}`,
      });
    return (old) => applyJsonPatch(old, patch as JsonPatchOperation[]);
  }
  if (type === "application/merge-patch+json") return (old) => applyMergePatch(old, patch);
  if (schema === undefined)
    throw unsupportedMediaType([
      "application/json-patch+json",
      "application/merge-patch+json",
      "application/apply-patch+yaml",
    ]);
  return (old) => applyStrategicMergePatch(old, patch, { schema, schemas });
}

const shortTypes = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "merge",
} as const;

/** What is wrong with the patched object is shown as a fault of the patch. */
const invalidPatch = (value: unknown, why: string): StatusError =>
  invalid({ group: "", kind: "" }, "", [field.invalid("patch", goJson(value), why)]);

/** The patched object goes the way of a body: unknown fields, wrong types, quantities. */
function decodePatched(
  context: RequestContext,
  resource: ServedResource,
  { patched, options }: { patched: unknown; options: WriteOptions },
): KubeObject {
  if (resource.schema !== undefined) {
    const decoded = decodedPatched(patched, resource.schema, { resource, options });
    for (const text of decoded.warnings) warn(context, text);
    return checkKind(decoded.object, resource.kind);
  }
  return checkKind(deepClone(patched) as Record<string, unknown>, resource.kind);
}

function decodedPatched(
  patched: unknown,
  schema: NonNullable<ServedResource["schema"]>,
  { resource, options }: { resource: ServedResource; options: WriteOptions },
): ReturnType<typeof decodeValue> {
  try {
    return decodeValue(patched, { fieldValidation: options.fieldValidation, schema, schemas: resource.schemas });
  } catch (error) {
    if (error instanceof StatusError && error.code === 400) throw invalidPatch(patched, error.message);
    throw error;
  }
}

function checkPatched(draft: KubeObject, old: KubeObject, resource: ServedResource): void {
  const { metadata } = draft;
  if (metadata.name !== old.metadata.name)
    throw metadata.name
      ? badRequest(
          `the name of the object (${metadata.name}) does not match the name on the URL (${old.metadata.name})`,
        )
      : badRequest(
          `the name of the object (${old.metadata.name} based on URL) was undeterminable: name must be provided`,
        );
  if (metadata.uid && metadata.uid !== old.metadata.uid)
    throw invalid(resource.kind, old.metadata.name, [
      {
        type: "FieldValueInvalid",
        field: "metadata.uid",
        message: `Invalid value: ${JSON.stringify(metadata.uid)}: field is immutable`,
      },
    ]);
  const revision = metadata.resourceVersion ?? "";
  if (revision !== "" && revision !== old.metadata.resourceVersion)
    throw modifiedConflict(resource.groupResource, old.metadata.name);
}
