// The side of the pods: each gets the claims that it names templates for, their names in its status, and its place among a claim's users.
import { type Pod, type PodResourceClaim, pods, type ResourceClaimTemplate, resourceClaims } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import type { EventRecorder, Informer } from "../../client/index.ts";
import { type ControllerContext, featureEnabled } from "../lib/index.ts";
import {
  claimFor,
  claimMadeFor,
  claimNameOf,
  entriesOf,
  isDone,
  notFor,
  type ResourceClaim,
  refusal,
  wantsReservation,
} from "./decide.ts";
import { byOwner, type MadeClaims } from "./made.ts";

const fieldManager = "ResourceClaimController";

export interface PodSide {
  readonly context: ControllerContext;
  readonly recorder: EventRecorder;
  readonly pods: Informer<Pod>;
  readonly claims: Informer<ResourceClaim>;
  readonly templates: Informer<ResourceClaimTemplate>;
  readonly made: MadeClaims;
}

export async function syncPod(side: PodSide, key: string): Promise<void> {
  const pod = side.pods.byKey(key);
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || isDone(pod)) return;
  const names = new Map<string, string>();
  for (const entry of entriesOf(pod))
    try {
      const name = await provide(side, pod, entry);
      if (name !== undefined) names.set(entry.name, name);
    } catch (error) {
      const message = `PodResourceClaim ${entry.name}: ${errorText(error)}`;
      side.recorder.event(pod, { type: "Warning", reason: "FailedResourceClaimCreation", message });
      throw new Error(`pod ${key}, ${message}`, { cause: error });
    }
  if (names.size > 0) await tell(side.context, pod, names);
  if (pod.spec?.nodeName) await reserveAll(side, pod);
}

/** The name of the claim when the pod's status has to tell it anew. Throws with the event's text. */
async function provide(side: PodSide, pod: Pod, entry: PodResourceClaim): Promise<string | undefined> {
  const { namespace = "", uid = "" } = pod.metadata;
  const found = claimNameOf(pod, entry);
  if (found.type === "unsupported") throw new Error(`checking for claim before creating it: ${found.why}`);
  if (found.type === "unneeded") return undefined;
  if (found.type === "named") {
    const claim = side.claims.get(namespace, found.name);
    if (claim !== undefined && !(found.isGenerated && notFor(pod, claim) !== undefined)) return undefined;
  }
  if (entry.resourceClaimTemplateName === undefined) return undefined;
  const known = [...side.claims.byIndex(byOwner, uid), ...side.made.of(uid)];
  const claim = claimMadeFor(known, entry.name) ?? (await createFor(side, pod, entry));
  return claim.metadata.name;
}

async function createFor(side: PodSide, pod: Pod, entry: PodResourceClaim): Promise<ResourceClaim> {
  const { namespace = "", uid = "" } = pod.metadata;
  const name = entry.resourceClaimTemplateName ?? "";
  const template = side.templates.get(namespace, name);
  const quoted = JSON.stringify(name);
  if (template === undefined)
    throw new Error(`resource claim template ${quoted}: resourceclaimtemplate.resource.k8s.io ${quoted} not found`);
  const why = refusal(template, {
    adminAccess: featureEnabled(side.context, "DRAAdminAccess"),
    prioritizedList: featureEnabled(side.context, "DRAPrioritizedList"),
  });
  if (why !== undefined) throw new Error(why);
  let claim: ResourceClaim;
  try {
    claim = await side.context.client.of(resourceClaims).create(claimFor(pod, entry, template));
  } catch (error) {
    throw new Error(`create ResourceClaim : ${errorText(error)}`, { cause: error });
  }
  const isCached = side.claims.get(namespace, claim.metadata.name)?.metadata.uid === claim.metadata.uid;
  if (!isCached) side.made.note(uid, claim);
  return claim;
}

/** What was told before is told again: what is applied is all that this manager says. */
async function tell({ client }: ControllerContext, pod: Pod, names: ReadonlyMap<string, string>): Promise<void> {
  const before = (pod.status?.resourceClaimStatuses ?? []).filter((each) => !names.has(each.name));
  const now = [...names].map(([name, resourceClaimName]) => ({ name, resourceClaimName }));
  const { name, namespace } = pod.metadata;
  const applied = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    status: { resourceClaimStatuses: [...before, ...now] },
  };
  await client
    .of(pods)
    .patch(pod.metadata, applied, { type: "apply", subresource: "status", fieldManager, force: true });
}

/** For pods that came to their node without the scheduler, which reserves otherwise. */
async function reserveAll({ claims, context }: PodSide, pod: Pod): Promise<void> {
  const { name, namespace = "", uid = "" } = pod.metadata;
  for (const entry of entriesOf(pod)) {
    const found = claimNameOf(pod, entry);
    if (found.type !== "named") {
      if (found.type === "unneeded") continue;
      return; // The status that was just told comes back as a change of the pod.
    }
    const claim = claims.get(namespace, found.name);
    if (claim === undefined) return;
    const why = found.isGenerated ? notFor(pod, claim) : undefined;
    if (why !== undefined) throw new Error(why);
    if (!wantsReservation(pod, claim)) continue;
    const reservedFor = [...(claim.status?.reservedFor ?? []), { resource: "pods", name, uid }];
    await context.client.of(resourceClaims).updateStatus({ ...claim, status: { ...claim.status, reservedFor } });
  }
}
