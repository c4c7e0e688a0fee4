// Claims of devices that a class offers as an extended resource are charged as that resource too, but for what the pod they
// were made for has paid already. Upstream: claimEvaluator in pkg/quota/v1/evaluator/core/resource_claims.go, KEP-5004.
import type { Pod } from "../../../../facts/types/core.v1.ts";
import type { DeviceClass, ResourceClaim } from "../../../../facts/types/resource.v1.ts";
import { compareQuantities, parseTime, subtractQuantities } from "../../../machinery/index.ts";
import type { ResourceList } from "../resources.ts";
import { deviceClassPrefix, devicesSuffix, isExtendedRequest, usageOf } from "./usage.ts";

export type DeviceClaim = ResourceClaim;

/** What is known beside a claim. */
export interface DeviceView {
  readonly classes: readonly DeviceClass[];
  podOf(namespace: string, name: string): Pod | undefined;
  claimsOf(namespace: string): readonly ResourceClaim[];
  readonly nowMs: number;
}

/** True for names of extended resources that some class offers, each under its own name too. */
export function deviceCountsFor(name: string, classes: readonly DeviceClass[]): boolean {
  if (!isExtendedRequest(name)) return false;
  const resource = name.slice("requests.".length);
  return classes.some(
    ({ metadata, spec }) => spec.extendedResourceName === resource || resource === deviceClassPrefix + metadata.name,
  );
}

/** `usage` of a claim, with the extended resources it stands for. */
export function extendedDeviceUsage(claim: ResourceClaim, usage: ResourceList, view: DeviceView): ResourceList {
  const extended: ResourceList = {};
  for (const [name, amount] of Object.entries(usage)) {
    if (!name.endsWith(devicesSuffix) || name === devicesSuffix) continue;
    const className = name.slice(0, -devicesSuffix.length);
    extended[`requests.${deviceClassPrefix}${className}`] = amount;
    const offered = view.classes.find(({ metadata }) => metadata.name === className)?.spec.extendedResourceName;
    if (offered) extended[`requests.${offered}`] = amount;
  }
  const pod = payingPod(claim, view);
  const paid = pod === undefined ? {} : usageOf({ group: "", resource: "pods" }, pod, view.nowMs);
  const all = { ...usage };
  for (const [name, amount] of Object.entries(extended)) {
    const rest = paid[name] === undefined ? amount : subtractQuantities(amount, paid[name]);
    if (compareQuantities(rest, "0") > 0) all[name] = rest;
  }
  return all;
}

/** The pod for whose extended resources the scheduler made the claim: one claim for a pod, the one it names or the first. */
function payingPod(claim: ResourceClaim, view: DeviceView): Pod | undefined {
  const { namespace = "" } = claim.metadata;
  const owner = ownerOf(claim);
  if (owner === undefined) return undefined;
  const pod = view.podOf(namespace, owner.name);
  if (pod === undefined || pod.metadata.uid !== owner.uid) return undefined;
  const named = pod.status?.extendedResourceClaimStatus?.resourceClaimName;
  if (named !== undefined) return named === claim.metadata.name ? pod : undefined;
  const made = ({ metadata }: ResourceClaim): number =>
    metadata.creationTimestamp === undefined ? 0 : parseTime(metadata.creationTimestamp);
  const isEarlier = (other: ResourceClaim): boolean =>
    made(other) < made(claim) || (made(other) === made(claim) && other.metadata.name < claim.metadata.name);
  return view.claimsOf(namespace).some((each) => ownerOf(each)?.uid === owner.uid && isEarlier(each)) ? undefined : pod;
}

/** The pod that a claim for extended resources belongs to. */
function ownerOf({ metadata: { annotations, ownerReferences } }: ResourceClaim) {
  if (annotations?.["resource.kubernetes.io/extended-resource-claim"] !== "true") return undefined;
  const owner = ownerReferences?.find((each) => each.controller === true);
  return owner?.kind === "Pod" && owner.apiVersion === "v1" ? owner : undefined;
}
