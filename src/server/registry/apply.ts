// PATCH with `application/apply-patch+yaml`: server-side apply. Upstream: handlers/patch.go applyPatcher.
import {
  applyServerSide,
  badRequest,
  decodeValue,
  formatTime,
  fromYaml,
  type KubeObject,
} from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import type { Answer } from "../content/answer.ts";
import { type RequestContext, warn } from "../context.ts";
import { checkBodySize, checkKind, unsupportedMediaType } from "./body.ts";
import { type WriteOptions, writeOptions } from "./options.ts";
import { resetFieldsOf } from "./reset-fields.ts";
import { changeObject } from "./update.ts";

export async function apply(context: RequestContext, resource: ServedResource): Promise<Answer> {
  const { info } = context;
  const options = writeOptions(context, "PatchOptions", true);
  if (resource.schema === undefined)
    throw unsupportedMediaType(["application/json-patch+json", "application/merge-patch+json"]);
  const applied = configurationOf(context);
  const changed = await changeObject(context, resource, {
    name: info.name,
    subresource: info.subresource,
    options,
    unconditional: true,
    tracksFields: true,
    createsMissing: info.subresource === "",
    change: (old, isNew) => draftOf(context, resource, { applied, old: isNew ? undefined : old, options }),
  });
  return { type: "object", status: changed.created ? 201 : 200, resource, object: changed.object };
}

function configurationOf(context: RequestContext): Record<string, unknown> {
  const { body } = context.request;
  checkBodySize(body);
  if (body !== undefined && !(body instanceof Uint8Array)) return body as Record<string, unknown>;
  let value: unknown;
  try {
    [value] = fromYaml(new TextDecoder().decode(body ?? new Uint8Array(0)));
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw badRequest("error decoding YAML: error unmarshaling JSON: the configuration is not an object");
  return value as Record<string, unknown>;
}

function draftOf(
  context: RequestContext,
  resource: ServedResource,
  of: {
    readonly applied: Record<string, unknown>;
    readonly old: KubeObject | undefined;
    readonly options: WriteOptions;
  },
): KubeObject {
  const { applied, old, options } = of;
  const { schemas, kind } = resource;
  const schema = resource.schema!;
  const merged = applyServerSide({
    live: old,
    applied,
    gvk: kind,
    manager: options.fieldManager,
    subresource: context.info.subresource,
    force: options.force === true,
    time: formatTime(context.nowMs),
    schema,
    schemas,
    ...resetFieldsOf(resource, context.info.subresource),
  });
  const decoded = decodeValue(merged.object, {
    fieldValidation: options.fieldValidation,
    schema,
    schemas,
    expect: kind,
  });
  for (const text of decoded.warnings) warn(context, text);
  const draft = checkKind(decoded.object, kind);
  draft.metadata.name ||= context.info.name;
  if (merged.managedFields === undefined) delete draft.metadata.managedFields;
  else draft.metadata.managedFields = merged.managedFields;
  return draft;
}
