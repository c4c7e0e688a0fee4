// Pods: binding and eviction. Upstream: registry/core/pod/storage.
import { type Pod, type PodDisruptionBudget, podDisruptionBudgets } from "../../../api/index.ts";
import {
  asObject,
  badRequest,
  conflict,
  deepClone,
  field,
  forbidden,
  formatTime,
  invalid,
  type KubeObject,
  labelSelectorMatcher,
  type Status,
  StatusError,
} from "../../../machinery/index.ts";
import { aggregate } from "../../admission/framework.ts";
import type { ServedResource } from "../../catalog.ts";
import type { RequestContext } from "../../context.ts";
import type { ObjectReader } from "../../contract.ts";
import type { Answer, KindHooks } from "../../core.ts";
import { decodeBody } from "../body.ts";
import { deleteObject } from "../delete.ts";
import { checkDeleteOptions, createOptions, type WriteOptions } from "../options.ts";
import { matchNamespace } from "../prepare.ts";
import { getCurrent, plainFailure } from "../read/get.ts";
import { servedForm } from "../store-object.ts";
import { changeObject } from "../update.ts";

export interface Binding extends KubeObject {
  target?: { kind?: string; name?: string };
}

const bindingGvk = { group: "", version: "v1", kind: "Binding" };
const evictionGvk = { group: "policy", version: "v1", kind: "Eviction" };
const success = (code: number): Status => ({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code });

async function binding(context: RequestContext, resource: ServedResource): Promise<Answer> {
  const options = createOptions(context);
  const expected = { gvk: bindingGvk, schema: resource.schemas.ofKind(bindingGvk), schemas: resource.schemas };
  const body = decodeBody(context, { ...expected, fieldValidation: options.fieldValidation }) as Binding;
  if ((body.metadata.name ?? "") !== context.info.name)
    throw badRequest("name in URL does not match name in Binding object");
  return bindPod(context, resource, { body, options });
}

/** Upstream: BindingREST.setPodNodeAndMetadata. */
export async function bindPod(
  context: RequestContext,
  resource: ServedResource,
  bind: { body: Binding; options: WriteOptions },
): Promise<Answer> {
  const { body, options } = bind;
  const { core, info } = context;
  const target = body.target ?? {};
  matchNamespace(context, resource, body);
  checkTarget(target);
  const attributes = core.admission.attributes(context, resource, {
    operation: "CREATE",
    object: body,
    options: options.raw,
    dryRun: options.dryRun,
    bodyKind: bindingGvk,
    subresource: "binding",
  });
  await core.admission.admit(attributes);
  await core.admission.validate(attributes);
  await changeObject(withoutAdmission(context), resource, {
    name: info.name,
    subresource: "binding",
    options,
    neverCreates: true,
    unconditional: true,
    uid: body.metadata.uid ?? "",
    change: (old) => bound(old as unknown as Pod, { body, nodeName: target.name!, now: formatTime(context.nowMs) }),
    prepare: () => {},
    sharesOld: true,
    // Upstream writes what a binding sets in nobody's name.
    tracksFields: true,
  });
  return { type: "value", status: 201, value: success(201) };
}

/** For the server's own writes: its plugins were asked about the binding or the eviction that they are part of. */
const withoutAdmission = (context: RequestContext): RequestContext => ({
  ...context,
  core: {
    ...context.core,
    admission: { ...context.core.admission, admit: async () => {}, validate: async () => {} },
  },
});

/** Refused as a plain failure: upstream gives it no reason. */
function checkTarget(target: NonNullable<Binding["target"]>): void {
  const kind = target.kind ?? "";
  const texts: string[] = [];
  if (kind !== "" && kind !== "Node")
    texts.push(`target.kind: Unsupported value: ${JSON.stringify(kind)}: supported values: "Node", "<empty>"`);
  if (!target.name) texts.push("target.name: Required value");
  if (texts.length > 0) throw plainFailure(aggregate(texts));
}

function bound(old: Pod, to: { body: Binding; nodeName: string; now: string }): KubeObject {
  const { name } = old.metadata;
  const fail = (why: string): StatusError => conflict({ group: "", resource: "pods/binding" }, name, why);
  if (old.metadata.deletionTimestamp !== undefined)
    throw fail(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (old.spec.nodeName) throw fail(`pod ${name} is already assigned to node ${JSON.stringify(old.spec.nodeName)}`);
  if ((old.spec.schedulingGates?.length ?? 0) > 0) throw fail(`pod ${name} has non-empty .spec.schedulingGates`);
  const { annotations, labels } = to.body.metadata;
  const metadata = { ...old.metadata };
  if (annotations !== undefined) metadata.annotations = { ...metadata.annotations, ...annotations };
  if (labels !== undefined) metadata.labels = { ...metadata.labels, ...labels };
  // Where it was nominated to has no more meaning (ClearingNominatedNodeNameAfterBinding).
  const { nominatedNodeName: _, ...status } = old.status ?? {};
  const others = (status.conditions ?? []).filter((condition) => condition.type !== "PodScheduled");
  const before = (status.conditions ?? []).find((condition) => condition.type === "PodScheduled");
  const scheduled = {
    type: "PodScheduled",
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: before?.status === "True" ? before.lastTransitionTime : to.now,
    observedGeneration: before?.observedGeneration,
  };
  if (scheduled.observedGeneration === undefined) delete scheduled.observedGeneration;
  return {
    ...old,
    metadata,
    spec: { ...old.spec, nodeName: to.nodeName },
    status: { ...status, conditions: [...others, scheduled] as typeof others },
  } as unknown as KubeObject;
}

/** Upstream: EvictionREST. A disruption budget that allows none answers 429. */
function evictionHandler(reader: ObjectReader) {
  return async (context: RequestContext, resource: ServedResource): Promise<Answer> => {
    const { core, info } = context;
    const options = createOptions(context);
    const expected = { gvk: evictionGvk, schema: resource.schemas.ofKind(evictionGvk), schemas: resource.schemas };
    const body = decodeBody(context, {
      ...expected,
      fieldValidation: options.fieldValidation,
      alsoVersions: ["policy/v1beta1"],
    }) as KubeObject & {
      deleteOptions?: {
        dryRun?: string[];
        gracePeriodSeconds?: number;
        preconditions?: { uid?: string; resourceVersion?: string };
        ignoreStoreReadErrorWithClusterBreakingPotential?: boolean;
      };
    };
    matchNamespace(context, resource, body);
    const attributes = core.admission.attributes(context, resource, {
      operation: "CREATE",
      object: body,
      options: options.raw,
      dryRun: options.dryRun,
      bodyKind: evictionGvk,
      subresource: "eviction",
    });
    await core.admission.admit(attributes);
    if ((body.metadata.name ?? "") !== info.name)
      throw badRequest("name in URL does not match name in Eviction object");
    if (body.deleteOptions?.ignoreStoreReadErrorWithClusterBreakingPotential === true) throw unsafeEviction(info.name);
    await core.admission.validate(attributes);
    const dryRun = options.dryRun || (body.deleteOptions?.dryRun?.length ?? 0) > 0;
    const current = await getCurrent(core, resource, info);
    const pod = servedForm(resource, current) as unknown as Pod;
    if (!canIgnoreBudget(pod)) await takeDisruption(context, reader, { pod, dryRun });
    const preconditions = body.deleteOptions?.preconditions ?? {};
    const resourceVersion = dryRun
      ? undefined
      : await markDisrupted(withoutAdmission(context), resource, preconditions);
    const deletion = {
      ...(body.deleteOptions ?? {}),
      ...(dryRun ? { dryRun: ["All"] } : {}),
      // The mark made it another version than the one that was asked for.
      ...(preconditions.resourceVersion && resourceVersion
        ? { preconditions: { ...preconditions, resourceVersion } }
        : {}),
    };
    checkDeleteOptions(deletion);
    await deleteObject(withoutAdmission(context), resource, { name: info.name, options: deletion });
    return { type: "value", status: 201, value: success(201) };
  };
}

const unsafeEviction = (name: string): StatusError =>
  invalid(evictionGvk, name, [
    field.invalid(
      "deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential",
      true,
      "can not be set for pod eviction, try after removing the option",
    ),
  ]);

/** The pod says why it goes before it goes. Yields its new resourceVersion. */
async function markDisrupted(
  context: RequestContext,
  resource: ServedResource,
  preconditions: { readonly uid?: string; readonly resourceVersion?: string },
): Promise<string | undefined> {
  const { name } = context.info;
  const { object } = await changeObject(withoutAdmission(context), resource, {
    name,
    subresource: "status",
    options: { dryRun: false, fieldManager: "", fieldValidation: "Ignore", force: undefined, raw: {} },
    unconditional: true,
    tracksFields: true,
    prepare: () => {},
    change(old) {
      const { uid, resourceVersion } = old.metadata;
      const differs = (what: string, wanted: string, is: string, then: string): StatusError =>
        conflict(
          { group: "", resource: "Pod" },
          name,
          `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${is}). The object might have been ${then}`,
        );
      if (preconditions.uid && preconditions.uid !== uid)
        throw differs("UID", preconditions.uid, uid, "deleted and then recreated");
      if (preconditions.resourceVersion && preconditions.resourceVersion !== resourceVersion)
        throw differs("ResourceVersion", preconditions.resourceVersion, resourceVersion ?? "", "modified");
      return disrupted(old as unknown as Pod, formatTime(context.nowMs));
    },
  });
  return servedForm(resource, object).metadata.resourceVersion;
}

function disrupted(old: Pod, now: string): KubeObject {
  const draft = deepClone(old);
  const conditions = draft.status?.conditions ?? [];
  const before = conditions.find(({ type }) => type === "DisruptionTarget");
  const after = {
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastProbeTime: null,
    lastTransitionTime: before?.status === "True" ? before.lastTransitionTime : now,
  };
  draft.status = {
    ...draft.status,
    conditions: [...conditions.filter((each) => each !== before), after] as typeof conditions,
  };
  return asObject(draft);
}

const canIgnoreBudget = (pod: Pod): boolean =>
  ["Succeeded", "Failed", "Pending"].includes(pod.status?.phase ?? "") || pod.metadata.deletionTimestamp !== undefined;

async function takeDisruption(
  context: RequestContext,
  reader: ObjectReader,
  evict: { pod: Pod; dryRun: boolean },
): Promise<void> {
  const { core } = context;
  const { pod, dryRun } = evict;
  const namespace = pod.metadata.namespace ?? "";
  const budgets = reader
    .list<PodDisruptionBudget>(podDisruptionBudgets, namespace)
    .filter((budget) => labelSelectorMatcher(budget.spec?.selector).matches(pod.metadata.labels));
  if (budgets.length === 0) return;
  if (budgets.length > 1)
    throw plainFailure(
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    );
  const [budget] = budgets;
  if (!isReady(pod)) {
    const policy = budget!.spec.unhealthyPodEvictionPolicy;
    const healthy =
      (budget!.status?.currentHealthy ?? 0) >= (budget!.status?.desiredHealthy ?? 0) &&
      (budget!.status?.desiredHealthy ?? 0) > 0;
    if (policy === "AlwaysAllow" || healthy) return;
  }
  const resource = core.catalog.of(podDisruptionBudgets as never);
  await changeObject({ ...context, info: { ...context.info, name: budget!.metadata.name } }, resource, {
    name: budget!.metadata.name,
    subresource: "status",
    options: { dryRun, fieldManager: "kube-apiserver", fieldValidation: "Ignore", force: undefined, raw: {} },
    unconditional: true,
    tracksFields: true,
    prepare: () => {},
    change: (old) => withDisruption(old as unknown as PodDisruptionBudget, pod, formatTime(context.nowMs)),
  });
}

const mostDisruptedPods = 2000;

function whyNotNow({ metadata, status }: PodDisruptionBudget): string {
  const name = `The disruption budget ${metadata.name}`;
  const condition = status?.conditions?.find(({ type }) => type === "DisruptionAllowed");
  const said = condition?.status === "False" && condition.message !== "" ? condition : undefined;
  if (said?.reason === "SyncFailed")
    return `${name} does not allow evicting pods currently because it failed sync: ${said.message}`;
  const [desired, current] = [status?.desiredHealthy ?? 0, status?.currentHealthy ?? 0];
  if (current <= desired) return `${name} needs ${desired} healthy pods and has ${current} currently`;
  if (said !== undefined) return `${name} does not allow evicting pods currently (${said.reason}): ${said.message}`;
  return `${name} does not allow evicting pods currently`;
}

function withDisruption(budget: PodDisruptionBudget, pod: Pod, now: string): KubeObject {
  const status = budget.status ?? { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
  const refuse = (message: string, retryAfterSeconds = 0): StatusError =>
    new StatusError(
      {
        code: 429,
        reason: "TooManyRequests",
        message: "Cannot evict pod as it would violate the pod's disruption budget.",
        details: {
          causes: [{ reason: "DisruptionBudget", message }],
          ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}),
        },
      },
      retryAfterSeconds > 0 ? { "retry-after": String(retryAfterSeconds) } : {},
    );
  if ((status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0))
    throw refuse(`The disruption budget ${budget.metadata.name} is still being processed by the server.`, 10);
  const allowed = status.disruptionsAllowed ?? 0;
  const forbid = (why: string): StatusError =>
    forbidden({ group: "policy", resource: "poddisruptionbudget" }, budget.metadata.name, why);
  if (allowed < 0) throw forbid("pdb disruptions allowed is negative");
  if (Object.keys(status.disruptedPods ?? {}).length > mostDisruptedPods)
    throw forbid("DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  if (allowed === 0) throw refuse(whyNotNow(budget));
  const draft = deepClone(budget);
  draft.status = {
    ...draft.status!,
    disruptionsAllowed: allowed - 1,
    ...(allowed === 1 ? { conditions: exhausted(budget, now) } : {}),
    disruptedPods: { ...draft.status?.disruptedPods, [pod.metadata.name]: now },
  };
  return asObject(draft);
}

/** Conditions of a budget whose last disruption was just given away. */
function exhausted({ status }: PodDisruptionBudget, now: string) {
  const before = status?.conditions?.find(({ type }) => type === "DisruptionAllowed");
  const after = {
    type: "DisruptionAllowed",
    status: "False" as const,
    reason: "InsufficientPods",
    message: "",
    observedGeneration: status?.observedGeneration ?? 0,
    lastTransitionTime: before?.status === "False" ? before.lastTransitionTime : now,
  };
  return [...(status?.conditions ?? []).filter((each) => each !== before), after];
}

const isReady = (pod: Pod): boolean =>
  (pod.status?.conditions ?? []).some((each) => each.type === "Ready" && each.status === "True");

export const podHooks = (reader: ObjectReader): KindHooks => ({
  returnsDeleted: true,
  subresources: { binding, eviction: evictionHandler(reader) },
});
