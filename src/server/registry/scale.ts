// `/scale`: one view of the replicas of every scalable kind. Upstream: e.g. registry/apps/deployment/storage ScaleREST.
import {
  applyServerSide,
  badRequest,
  conflict,
  decodeValue,
  deepClone,
  describeApplied,
  field,
  formatTime,
  invalid,
  type KubeObject,
  type ManagedFieldsEntry,
  managedFieldsAfterUpdate,
  parentEntries,
  quoteGo,
  type ReplicasPaths,
  StatusError,
  scaleEntries,
} from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import type { RequestContext } from "../context.ts";
import type { Answer } from "../core.ts";
import { checkKind, decodeBody } from "./body.ts";
import { type WriteOptions, writeOptions } from "./options.ts";
import { configurationReader } from "./patch/apply.ts";
import { isApply, patchTypeOf } from "./patch/patch.ts";
import { checkPatchedName, patcherOf } from "./patch/patched.ts";
import { matchNamespace } from "./prepare.ts";
import { getCurrent } from "./read/get.ts";
import { customScaleColumns, scaleColumns } from "./scale-columns.ts";
import { servedForm } from "./store-object.ts";
import { changeObject } from "./update.ts";

const scaleGvk = { group: "autoscaling", version: "v1", kind: "Scale" };

interface Scale extends KubeObject {
  spec?: { replicas?: number };
  status?: { replicas: number; selector?: string };
}

export async function scale(context: RequestContext, resource: ServedResource): Promise<Answer> {
  const { info } = context;
  if (info.verb === "update" || info.verb === "patch") return writeScale(context, resource);
  const current = servedForm(resource, await getCurrent(context.core, resource, info));
  const missing = resource.rules.scale?.missing?.(current);
  if (missing !== undefined) throw missing;
  return answerOf(resource, scaleOf(resource, current));
}

const answerOf = ({ custom }: ServedResource, value: Scale): Answer => ({
  type: "value",
  status: 200,
  value,
  columns: custom === undefined ? scaleColumns : customScaleColumns,
});

function scaleOf(resource: ServedResource, object: KubeObject): Scale {
  const rules = resource.rules.scale;
  if (rules === undefined) throw new Error(`${resource.kind.resource} has a scale subresource but no rules for it`);
  const { replicas, statusReplicas, selector } = rules.read(object);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as KubeObject["metadata"],
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: statusReplicas, ...(selector === "" ? {} : { selector }) },
  };
}

async function writeScale(context: RequestContext, resource: ServedResource): Promise<Answer> {
  const isPatch = context.info.verb === "patch";
  if (isPatch) checkPatchType(context, resource);
  const options = writeOptions(context, isPatch ? "PatchOptions" : "UpdateOptions", isPatch && isApply(context));
  const body = isPatch ? undefined : scaleBody(context, resource, options.fieldValidation);
  const wanted = scaleWriter(context, resource, { options, body });
  const rules = resource.rules.scale!;
  const paths = replicasPaths(context, resource);
  const changed = await changeObject(context, resource, {
    name: context.info.name,
    subresource: "",
    options,
    neverCreates: true,
    tracksFields: true,
    ...(isPatch ? { remade: true } : {}),
    uid: body?.metadata.uid ?? "",
    admittedAs: {
      bodyKind: scaleGvk,
      subresource: "scale",
      show: (object) => scaleOf(resource, object),
      take: (draft, shown) => {
        const { replicas = 0 } = (shown as Scale).spec ?? {};
        if (replicas === rules.read(draft).replicas) return;
        checkReplicas(shown as Scale, shown as Scale);
        rules.write(draft, replicas);
      },
    },
    change: (old) => {
      const entries = old.metadata.managedFields ?? [];
      const before = withManagers(startOf(resource, old), scaleEntries(entries, paths));
      if (resource.custom !== undefined && isPatch && isApply(context)) checkManaged(before);
      const after = wanted(before);
      checkUid(after, before, resource);
      if (resource.custom === undefined) checkReplicas(after, before);
      else if (after.spec?.replicas === neverSet) throw emptyReplicas(rules.path ?? []);
      const draft = deepClone(old);
      rules.write(draft, after.spec?.replicas ?? 0);
      if (after.metadata.resourceVersion === undefined) {
        // Custom kinds go on from what is there.
        if (resource.custom === undefined) delete (draft.metadata as { resourceVersion?: string }).resourceVersion;
      } else draft.metadata.resourceVersion = after.metadata.resourceVersion;
      const owners = parentEntries(entries, after.metadata.managedFields ?? [], {
        paths,
        apiVersion: resource.apiVersion,
      });
      return withManagers(draft, owners);
    },
  });
  return answerOf(resource, scaleOf(resource, servedForm(resource, changed.object)));
}

function withManagers<T extends KubeObject>(object: T, managedFields: ManagedFieldsEntry[] | undefined): T {
  const { managedFields: _, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: managedFields === undefined ? metadata : { ...metadata, managedFields },
  } as T;
}

/** Versions that wrote managed fields once. */
const retired: Readonly<Record<string, readonly string[]>> = {
  apps: ["apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"],
};

function replicasPaths({ core }: RequestContext, resource: ServedResource): ReplicasPaths {
  const usual = ["spec", "replicas"];
  return (apiVersion) => {
    const version = core.catalog.all.find((each) => each.stored === resource.stored && each.apiVersion === apiVersion);
    if (version?.rules.scale !== undefined) return version.rules.scale.path ?? usual;
    return retired[resource.kind.group]?.includes(apiVersion) ? usual : undefined;
  };
}

/** From the Scale that is to the Scale that shall be, its managed fields included. */
function scaleWriter(
  context: RequestContext,
  resource: ServedResource,
  { options, body }: { readonly options: WriteOptions; readonly body: Scale | undefined },
): (before: Scale) => Scale {
  const { schemas } = resource;
  const schema = schemas.ofKind(scaleGvk)!;
  const time = formatTime(context.nowMs);
  if (context.info.verb === "patch" && isApply(context)) {
    const configuration = configurationReader(context, options.fieldValidation);
    return (live) => {
      const applied = configuration.read();
      const merged = applyServerSide({
        live,
        applied,
        gvk: scaleGvk,
        manager: options.fieldManager,
        subresource: "scale",
        force: options.force === true,
        time,
        schema,
        schemas,
      });
      configuration.checkKeys();
      if (resource.custom !== undefined && merged.changed) throw notConverted(applied);
      const { object } = decodeValue(merged.object, { fieldValidation: "Ignore", schema, schemas, expect: scaleGvk });
      const after = checkKind(object, scaleGvk);
      checkPatchedName(after, context.info.name);
      return withManagers(after as Scale, merged.managedFields);
    };
  }
  const wanted = body === undefined ? scalePatcher(context, resource) : () => body;
  return (before) => {
    const after = wanted(before);
    const entries = managedFieldsAfterUpdate({
      before,
      after,
      manager: options.fieldManager,
      subresource: "scale",
      time,
      schema,
      schemas,
    });
    return withManagers(after, entries);
  };
}

function scalePatcher(context: RequestContext, resource: ServedResource): (before: Scale) => Scale {
  const schema = resource.schemas.ofKind(scaleGvk);
  const patched = patcherOf(context, { type: patchTypeOf(context, resource), schema, schemas: resource.schemas });
  return (before) => {
    const after = patched(before) as Scale;
    checkPatchedName(after, context.info.name);
    return after;
  };
}

function scaleBody(
  context: RequestContext,
  resource: ServedResource,
  fieldValidation: WriteOptions["fieldValidation"],
): Scale {
  const body = decodedScale(context, resource, fieldValidation);
  matchNamespace(context, resource, body);
  checkPatchedName(body, context.info.name);
  return body;
}

function decodedScale(
  context: RequestContext,
  { schemas, custom }: ServedResource,
  fieldValidation: WriteOptions["fieldValidation"],
): Scale {
  try {
    return decodeBody(context, { gvk: scaleGvk, schema: schemas.ofKind(scaleGvk), schemas, fieldValidation }) as Scale;
  } catch (error) {
    // The scheme of custom kinds' scales cannot say more about a body that it does not understand.
    if (custom !== undefined && error instanceof StatusError && error.code === 400)
      throw badRequest('no kind is registered for the type v1.Scale in scheme "pkg/runtime/scheme.go:111"');
    throw error;
  }
}

/** Stands for a number that a custom resource does not have yet. */
const neverSet = -2147483648;

function startOf(resource: ServedResource, old: KubeObject): Scale {
  const scale = scaleOf(resource, old);
  return resource.rules.scale?.missing?.(old) === undefined ? scale : { ...scale, spec: { replicas: neverSet } };
}

const emptyReplicas = (path: readonly string[]): StatusError =>
  badRequest(`the spec replicas field ${quoteGo(`.${path.join(".")}`)} cannot be empty`);

function checkPatchType(context: RequestContext, resource: ServedResource): void {
  if (!isApply(context)) patchTypeOf(context, resource);
}

const notConvertible = "to proper version: request to convert CR to an invalid group/version: autoscaling/v1";

/** Upstream takes the scale of a custom resource that nobody manages for one of the resource itself, and fails. */
function checkManaged({ metadata }: Scale): void {
  if ((metadata.managedFields?.length ?? 0) > 0) return;
  const message = `failed to create manager for existing fields: failed to convert live object (/; autoscaling/v1, Kind=Scale) ${notConvertible}`;
  throw new StatusError({ code: 500, message });
}

/** So it does with what an apply would change. */
function notConverted(applied: Record<string, unknown>): StatusError {
  const message = `failed to convert new object (${describeApplied(applied, scaleGvk)}) ${notConvertible}`;
  return new StatusError({ code: 500, message });
}

function checkUid(after: Scale, before: Scale, { custom, groupResource }: ServedResource): void {
  const [sent = "", own = ""] = [after.metadata.uid, before.metadata.uid];
  if (custom !== undefined || sent === "" || sent === own) return;
  const scales = { ...groupResource, resource: `${groupResource.resource}/scale` };
  const why = `Precondition failed: UID in precondition: ${sent}, UID in object meta: ${own}`;
  throw conflict(scales, before.metadata.name, why);
}

function checkReplicas(after: Scale, before: Scale): void {
  const replicas = after.spec?.replicas ?? 0;
  if (replicas < 0)
    throw invalid(scaleGvk, before.metadata.name, [
      field.invalid("spec.replicas", replicas, "must be greater than or equal to 0"),
    ]);
}
