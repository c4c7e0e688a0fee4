// `certificatesigningrequests/approval`: approvers change conditions and nothing else. Upstream: registry/certificates.
import { deepClone, deepEqual, field, invalid, type KubeObject } from "../../../machinery/index.ts";
import type { ServedResource } from "../../catalog.ts";
import type { Answer } from "../../content/answer.ts";
import type { RequestContext } from "../../context.ts";
import { decodeBody, expectedOf } from "../body.ts";
import type { KindHooks } from "../hooks.ts";
import { writeOptions } from "../options.ts";
import { get } from "../read.ts";
import { changeObject } from "../update.ts";

type Csr = KubeObject & { status?: { certificate?: string; conditions?: { type: string }[] } };

async function approval(context: RequestContext, resource: ServedResource): Promise<Answer> {
  if (context.info.verb === "get") return get(context, resource);
  if (context.info.verb === "patch") {
    const { patch } = await import("../patch.ts");
    return patch({ ...context, info: { ...context.info, subresource: "status" } }, resource);
  }
  const options = writeOptions(context, "UpdateOptions");
  const body = decodeBody(context, expectedOf(resource, options.fieldValidation)) as Csr;
  const changed = await changeObject(context, resource, {
    name: context.info.name,
    subresource: "status",
    options,
    uid: body.metadata.uid ?? "",
    change: () => deepClone(body),
    prepare: (draft, old) => keepAllButConditions(draft as Csr, old as Csr),
  });
  return { type: "object", status: 200, resource, object: changed.object };
}

function keepAllButConditions(draft: Csr, old: Csr): void {
  const conditions = draft.status?.conditions;
  const before = deepClone(old);
  Object.assign(draft, before, { metadata: { ...before.metadata, managedFields: draft.metadata.managedFields } });
  draft.status = { ...before.status, ...(conditions === undefined ? {} : { conditions }) };
  const decided = (old.status?.conditions ?? []).filter((each) => ["Approved", "Denied", "Failed"].includes(each.type));
  for (const each of decided)
    if (!(conditions ?? []).some((now) => deepEqual(now, each)))
      throw invalid({ group: "certificates.k8s.io", kind: "CertificateSigningRequest" }, old.metadata.name, [
        field.forbidden("status.conditions", `updates may not remove a condition of type ${JSON.stringify(each.type)}`),
      ]);
}

export const approvalHooks: KindHooks = { subresources: { approval } };
