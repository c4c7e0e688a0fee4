// Namespaces live on after a DELETE until their content is gone: phase Terminating, spec.finalizers, `/finalize`.
// Upstream: registry/core/namespace/storage.

import { validateFinalize } from "../../../api/serve.ts";
import { deepClone, formatTime, invalid, type KubeObject } from "../../../machinery/index.ts";
import type { ServedResource } from "../../catalog.ts";
import type { RequestContext } from "../../context.ts";
import type { Answer, KindHooks } from "../../core.ts";
import { decodeBody, expectedOf } from "../body.ts";
import { writeOptions } from "../options.ts";
import { prepareUpdate } from "../prepare.ts";
import { changeObject, checkName } from "../update.ts";

type Namespace = KubeObject & { spec?: { finalizers?: string[] }; status?: { phase?: string } };

const finalizersOf = (object: KubeObject): readonly string[] => (object as Namespace).spec?.finalizers ?? [];

/** PUT of spec.finalizers alone; a deleted namespace without any is removed. */
async function finalize(context: RequestContext, resource: ServedResource): Promise<Answer> {
  const options = writeOptions(context, "UpdateOptions");
  const body = decodeBody(context, expectedOf(resource, options.fieldValidation)) as Namespace;
  checkName(context, resource, body);
  const found = validateFinalize(body as Parameters<typeof validateFinalize>[0]);
  if (found.length > 0) throw invalid({ group: "", kind: "Namespace" }, context.info.name, found);
  const changed = await changeObject(context, resource, {
    name: context.info.name,
    subresource: "finalize",
    options,
    uid: body.metadata.uid ?? "",
    change: () => deepClone(body),
    prepare: (draft, old) => {
      const finalizers = [...finalizersOf(body)];
      prepareUpdate(context, resource, { draft, old, subresource: "", dryRun: options.dryRun });
      const namespace = draft as Namespace;
      namespace.status = deepClone((old as Namespace).status ?? {});
      if (finalizers.length > 0) namespace.spec = { ...namespace.spec, finalizers };
      else namespace.spec = {};
    },
  });
  return { type: "object", status: 200, resource, object: changed.object };
}

/**
 * The first DELETE of a namespace only marks it. While content or finalizers are left, further ones change nothing.
 * Returns what to store, "pending" then, or "proceed" when nothing holds it any more.
 */
function prepareDelete(object: KubeObject, context: RequestContext): KubeObject | "proceed" | "pending" {
  const namespace = object as Namespace;
  const { metadata } = namespace;
  if (metadata.deletionTimestamp === undefined) {
    const draft = deepClone(namespace);
    draft.metadata.deletionTimestamp = formatTime(context.nowMs);
    draft.status = { ...draft.status, phase: "Terminating" };
    return draft;
  }
  if (finalizersOf(namespace).length > 0) return "pending";
  return "proceed";
}

export const namespaceHooks: KindHooks = {
  returnsDeleted: true,
  keepWhileFinalizing: (object) => finalizersOf(object).length > 0,
  prepareDelete,
  subresources: { finalize },
};
