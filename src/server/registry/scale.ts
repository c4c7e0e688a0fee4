// `/scale`: one view of the replicas of every scalable kind. Upstream: e.g. registry/apps/deployment/storage ScaleREST.
import { badRequest, deepClone, field, invalid, type KubeObject, modifiedConflict } from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import type { Answer } from "../content/answer.ts";
import type { RequestContext } from "../context.ts";
import { checkKind, decodeBody } from "./body.ts";
import { writeOptions } from "./options.ts";
import { patcherOf, patchTypeOf } from "./patch.ts";
import { trackFields } from "./prepare.ts";
import { getCurrent } from "./read.ts";
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
  const current = await getCurrent(context.core, resource, info);
  return { type: "value", status: 200, value: scaleOf(resource, servedForm(resource, current)) };
}

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
  const options = writeOptions(context, isPatch ? "PatchOptions" : "UpdateOptions");
  const wanted = scaleReader(context, resource, options.fieldValidation);
  const rules = resource.rules.scale!;
  const changed = await changeObject(context, resource, {
    name: context.info.name,
    subresource: "",
    options,
    neverCreates: true,
    tracksFields: true,
    unconditional: isPatch,
    change: (old) => {
      const before = scaleOf(resource, old);
      const after = wanted(before);
      checkScale(after, before, resource);
      const draft = deepClone(old);
      rules.write(draft, after.spec?.replicas ?? 0);
      if (after.metadata.resourceVersion === undefined)
        delete (draft.metadata as { resourceVersion?: string }).resourceVersion;
      else draft.metadata.resourceVersion = after.metadata.resourceVersion;
      trackFields(context, resource, { draft, old, manager: options.fieldManager, subresource: "scale" });
      return draft;
    },
  });
  return { type: "value", status: 200, value: scaleOf(resource, servedForm(resource, changed.object)) };
}

function scaleReader(
  context: RequestContext,
  resource: ServedResource,
  fieldValidation: "Strict" | "Warn" | "Ignore",
): (before: Scale) => Scale {
  const schema = resource.schemas.ofKind(scaleGvk);
  if (context.info.verb === "patch") {
    const apply = patcherOf(context, { type: patchTypeOf(context), schema, schemas: resource.schemas });
    return (before) => checkKind(apply(before) as Record<string, unknown>, scaleGvk) as Scale;
  }
  const body = decodeBody(context, { gvk: scaleGvk, schema, schemas: resource.schemas, fieldValidation }) as Scale;
  const sent = body.metadata.name ?? "";
  if (sent === "")
    throw badRequest(
      `the name of the object (${context.info.name} based on URL) was undeterminable: name must be provided`,
    );
  if (sent !== context.info.name)
    throw badRequest(`the name of the object (${sent}) does not match the name on the URL (${context.info.name})`);
  return () => body;
}

function checkScale(after: Scale, before: Scale, resource: ServedResource): void {
  const replicas = after.spec?.replicas ?? 0;
  if (replicas < 0)
    throw invalid(scaleGvk, before.metadata.name, [
      field.invalid("spec.replicas", replicas, "must be greater than or equal to 0"),
    ]);
  const revision = after.metadata.resourceVersion ?? "";
  if (revision !== "" && revision !== before.metadata.resourceVersion)
    throw modifiedConflict(resource.groupResource, before.metadata.name);
}
