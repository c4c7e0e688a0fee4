// PATCH with `application/apply-patch+yaml` or `+cbor`: server-side apply. Upstream: handlers/patch.go applyPatcher.
import {
  applyServerSide,
  badRequest,
  CborError,
  conflict,
  conversionFaults,
  decodeCborMap,
  decodeValue,
  deepClone,
  describeApplied,
  describeKind,
  type FieldValidation,
  formatTime,
  goTypeError,
  type KubeObject,
  plainError,
  readFirstDocument,
  StatusError,
  wrapIntegers,
  YamlError,
} from "../../../machinery/index.ts";
import type { ServedResource } from "../../catalog.ts";
import { type RequestContext, warn } from "../../context.ts";
import type { Answer } from "../../core.ts";
import { checkBodySize, checkKind, unsupportedMediaType } from "../body.ts";
import { type WriteOptions, writeOptions } from "../options.ts";
import { matchNamespace } from "../prepare.ts";
import { changeObject } from "../update.ts";
import { checkPatchedName } from "./patched.ts";
import { resetFieldsOf } from "./reset-fields.ts";
import { versionsOf } from "./versions.ts";

export async function apply(context: RequestContext, resource: ServedResource): Promise<Answer> {
  const { info } = context;
  const options = writeOptions(context, "PatchOptions", true);
  if (resource.schema === undefined)
    throw unsupportedMediaType(["application/json-patch+json", "application/merge-patch+json"]);
  const configuration = configurationReader(context, options.fieldValidation);
  const changed = await changeObject(context, resource, {
    name: info.name,
    subresource: info.subresource,
    options,
    remade: true,
    tracksFields: true,
    createsMissing: info.subresource === "" || resource.rules.createOnUpdate === true,
    change: (old, isNew) => {
      const draft = appliedDraft(context, resource, { configuration, old: isNew ? undefined : old, options });
      if (isNew && draft.metadata.uid)
        throw conflict(
          resource.groupResource,
          info.name,
          `uid mismatch: the provided object specified uid ${draft.metadata.uid}, and no existing object was found`,
        );
      matchNamespace(context, resource, draft);
      checkPatchedName(draft, info.name);
      return draft;
    },
  });
  return { type: "object", status: changed.created ? 201 : 200, resource, object: changed.object };
}

export interface Configuration {
  /** Throws StatusError 400 for what is no map. */
  read(): Record<string, unknown>;
  /** After the configuration was applied: keys that occur twice. */
  checkKeys(): void;
}

/** The body, read when it is first applied. */
export function configurationReader(context: RequestContext, validation: FieldValidation): Configuration {
  const { body } = context.request;
  checkBodySize(body);
  if (body !== undefined && !(body instanceof Uint8Array))
    return { read: () => body as Record<string, unknown>, checkKeys: () => {} };
  if (context.request.headers["content-type"]?.startsWith("application/apply-patch+cbor"))
    return cborReader(body ?? new Uint8Array(0));
  const text = new TextDecoder().decode(body ?? new Uint8Array(0));
  let first: ReturnType<typeof readConfiguration> | undefined;
  return {
    read: () => (first ??= readConfiguration(text)).value,
    checkKeys() {
      const finding = validation === "Ignore" ? undefined : (first ??= readConfiguration(text)).repeatedKeys();
      if (finding === undefined) return;
      if (validation === "Strict")
        throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${finding}`);
      for (const line of finding.split("\n").slice(1)) warn(context, line.trim());
    },
  };
}

/** A key that occurs twice is no CBOR at all. Upstream's text says YAML of it as well. */
function cborReader(body: Uint8Array): Configuration {
  let value: Record<string, unknown> | undefined;
  return { read: () => (value ??= cborConfiguration(body)), checkKeys: () => {} };
}

function cborConfiguration(body: Uint8Array): Record<string, unknown> {
  try {
    return decodeCborMap(body);
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    throw badRequest(`error decoding YAML: ${error.message}`);
  }
}

function readConfiguration(text: string): { value: Record<string, unknown>; repeatedKeys(): string | undefined } {
  const { value, repeatedKeys } = parsedConfiguration(text);
  return { value: configurationOf(value), repeatedKeys };
}

function parsedConfiguration(text: string): ReturnType<typeof readFirstDocument> {
  try {
    return readFirstDocument(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw badRequest(`error decoding YAML: error converting YAML to JSON: ${error.message}`);
  }
}

function configurationOf(value: unknown): Record<string, unknown> {
  if (value === null || value === undefined) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  const why = goTypeError(value, "map[string]interface {}");
  throw badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: ${why}`);
}

/** What an apply makes of `old`, with managed fields, in the form that writes of this kind have. */
export function appliedDraft(
  context: RequestContext,
  resource: ServedResource,
  of: {
    readonly configuration: Configuration;
    readonly old: KubeObject | undefined;
    readonly options: WriteOptions;
  },
): KubeObject {
  const { configuration, old, options } = of;
  const { schemas, kind } = resource;
  const schema = resource.schema!;
  const merged = applyServerSide({
    live: old,
    applied: configuration.read(),
    gvk: kind,
    manager: options.fieldManager,
    subresource: context.info.subresource,
    force: options.force === true,
    time: formatTime(context.nowMs),
    schema,
    schemas,
    ...resetFieldsOf(resource, context.info.subresource),
    ...versionsOf(context, resource),
  });
  const object = decoded(merged.object, resource, configuration);
  configuration.checkKeys();
  const draft = checkKind(object, kind);
  if (merged.managedFields === undefined) delete draft.metadata.managedFields;
  else draft.metadata.managedFields = merged.managedFields;
  return draft;
}

/** A fresh object in the form that writes of this kind have. Throws 500 with upstream's text where the fields of a Go type do not take a value. */
function decoded(
  merged: Record<string, unknown>,
  { schema, schemas, kind, custom }: ServedResource,
  configuration: Configuration,
): Record<string, unknown> {
  if (custom !== undefined) return deepClone(merged);
  const types = { schema: schema!, schemas };
  const read = (object: unknown): Record<string, unknown> =>
    decodeValue(object, { fieldValidation: "Ignore", ...types, expect: kind }).object;
  try {
    return read(merged);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const fault = conversionFaults(merged, types).error;
    if (fault === undefined) return read(wrapIntegers(merged, types));
    throw plainError(
      `failed to convert new object (${describeApplied(configuration.read(), kind)}) to proper version: unable to convert unstructured object to ${describeKind(kind)}: ${fault}`,
    );
  }
}
