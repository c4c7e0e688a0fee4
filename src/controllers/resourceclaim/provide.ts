// Claims after templates, for pods and PodGroups alike: found when they were made before, else made; and told in the owner's status.
import { type PodResourceClaim, podGroups, pods, type ResourceClaimTemplate, resourceClaims } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import type { EventRecorder, Informer } from "../../client/index.ts";
import { type ControllerContext, featureEnabled } from "../lib/index.ts";
import {
  claimFor,
  claimMadeFor,
  claimNameOf,
  entriesOf,
  isGroup,
  type Owner,
  type ResourceClaim,
  refusal,
} from "./decide.ts";
import { byOwner, type MadeClaims } from "./made.ts";

const fieldManager = "ResourceClaimController";

export interface ClaimMaker {
  readonly context: ControllerContext;
  readonly recorder: EventRecorder;
  readonly claims: Informer<ResourceClaim>;
  readonly templates: Informer<ResourceClaimTemplate>;
  readonly made: MadeClaims;
}

/** The claim that was made for an entry of the owner, whether or not a status tells it. */
export const findMade = ({ claims, made }: ClaimMaker, { metadata }: Owner, entryName: string) =>
  claimMadeFor([...claims.byIndex(byOwner, metadata.uid ?? ""), ...made.of(metadata.uid ?? "")], entryName);

/** True when the entry's claim is there, or none is needed or to be made here. Throws with the event's text. */
export function isProvided(
  { claims }: ClaimMaker,
  owner: Owner,
  { entry, isForeign }: { readonly entry: PodResourceClaim; readonly isForeign: (claim: ResourceClaim) => boolean },
): boolean {
  const found = claimNameOf(owner, entry);
  if (found.type === "unsupported") throw new Error(`checking for claim before creating it: ${found.why}`);
  if (found.type === "unneeded" || entry.resourceClaimTemplateName === undefined) return true;
  const claim = found.type === "named" ? claims.get(owner.metadata.namespace ?? "", found.name) : undefined;
  return claim !== undefined && !isForeign(claim);
}

/** Throws with the event's text. */
export async function findOrMake(maker: ClaimMaker, owner: Owner, entry: PodResourceClaim): Promise<ResourceClaim> {
  const known = findMade(maker, owner, entry.name);
  if (known !== undefined) return known;
  const { namespace = "", uid = "" } = owner.metadata;
  const name = entry.resourceClaimTemplateName ?? "";
  const template = maker.templates.get(namespace, name);
  const quoted = JSON.stringify(name);
  if (template === undefined)
    throw new Error(`resource claim template ${quoted}: resourceclaimtemplate.resource.k8s.io ${quoted} not found`);
  const why = refusal(template, {
    adminAccess: featureEnabled(maker.context, "DRAAdminAccess"),
    prioritizedList: featureEnabled(maker.context, "DRAPrioritizedList"),
  });
  if (why !== undefined) throw new Error(why);
  let claim: ResourceClaim;
  try {
    claim = await maker.context.client.of(resourceClaims).create(claimFor(owner, entry, template));
  } catch (error) {
    throw new Error(`create ResourceClaim : ${errorText(error)}`, { cause: error });
  }
  const isCached = maker.claims.get(namespace, claim.metadata.name)?.metadata.uid === claim.metadata.uid;
  if (!isCached) maker.made.note(uid, claim);
  return claim;
}

/**
 * Provides every entry and tells the names of what is new in the owner's status. `provide` yields the claim that the status has to tell
 * anew; what it throws becomes an event and the error of the sync.
 */
export async function provideAll(
  maker: ClaimMaker,
  owner: Owner,
  provide: (entry: PodResourceClaim) => Promise<ResourceClaim | undefined>,
): Promise<void> {
  const [kind, who] = isGroup(owner) ? ["PodGroupResourceClaim", "PodGroup"] : ["PodResourceClaim", "pod"];
  const names = new Map<string, string>();
  for (const entry of entriesOf(owner))
    try {
      const claim = await provide(entry);
      if (claim !== undefined) names.set(entry.name, claim.metadata.name);
    } catch (error) {
      const message = `${kind} ${entry.name}: ${errorText(error)}`;
      maker.recorder.event(owner, { type: "Warning", reason: "FailedResourceClaimCreation", message });
      throw new Error(`${who} ${owner.metadata.namespace}/${owner.metadata.name}, ${message}`, { cause: error });
    }
  if (names.size > 0) await tell(maker.context, owner, names);
}

/** What was told before is told again: what is applied is all that this manager says. */
async function tell({ client }: ControllerContext, owner: Owner, names: ReadonlyMap<string, string>): Promise<void> {
  const before = (owner.status?.resourceClaimStatuses ?? []).filter((each) => !names.has(each.name));
  const now = [...names].map(([name, resourceClaimName]) => ({ name, resourceClaimName }));
  const { name, namespace } = owner.metadata;
  const [apiVersion, kind] = isGroup(owner) ? ["scheduling.k8s.io/v1alpha2", "PodGroup"] : ["v1", "Pod"];
  const status = { resourceClaimStatuses: [...before, ...now] };
  const applied = { apiVersion, kind, metadata: { name, namespace }, status };
  const options = { type: "apply", subresource: "status", fieldManager, force: true } as const;
  if (isGroup(owner)) await client.of(podGroups).patch(owner.metadata, applied, options);
  else await client.of(pods).patch(owner.metadata, applied, options);
}
