// Which address families a service has, and the two names of its addresses. Upstream: normalizeClusterIPs in
// registry/core/service/storage/storage.go, initIPFamilyFields in alloc.go.

import { parseIp } from "../../../../api/index.ts";
import { validateServiceAddressing } from "../../../../api/serve.ts";
import { deepEqual, type FieldError, field, invalid } from "../../../../machinery/index.ts";
import { type Family, familyOf } from "./address-book.ts";
import { type Allocation, none, type Spec, serviceKind } from "./allocators.ts";

const count = (list: readonly unknown[] | undefined): number => list?.length ?? 0;
const same = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
  deepEqual(a ?? [], b ?? []);

/** clusterIP and clusterIPs[0] are one thing under two names. */
export function normalize(spec: Spec, old: Spec | undefined): void {
  if (old === undefined) {
    if (spec.clusterIP && count(spec.clusterIPs) === 0) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const [now, before] = [spec.clusterIP ?? "", old.clusterIP ?? ""];
  if (count(old.clusterIPs) > 0 && count(spec.clusterIPs) === 0 && now === before)
    spec.clusterIPs = [...old.clusterIPs!];
  if (now === before || !same(spec.clusterIPs, old.clusterIPs)) return;
  if (now === "") delete spec.clusterIPs;
  else spec.clusterIPs = [now];
}

/** A service that prefers two families and changes none of its addresses keeps what it has. */
export function isSettled({ spec, before }: Pick<Allocation, "spec" | "before">): boolean {
  const prefers = "PreferDualStack";
  return (
    before !== undefined &&
    spec.ipFamilyPolicy === prefers &&
    (before.ipFamilyPolicy ?? prefers) === prefers &&
    spec.type === before.type &&
    (spec.type === "ClusterIP" || spec.type === "NodePort" || spec.type === "LoadBalancer") &&
    same(spec.clusterIPs, before.clusterIPs) &&
    same(spec.ipFamilies, before.ipFamilies)
  );
}

const isBareHeadless = (spec: Spec): boolean =>
  spec.clusterIP === none && Object.keys(spec.selector ?? {}).length === 0;

/** Settles policy and families; throws Invalid for what the cluster can not give. */
export function initFamilies(allocation: Allocation): void {
  const { service, spec, before } = allocation;
  if (spec.type === "ExternalName" || isSettled(allocation)) return;
  spec.ipFamilyPolicy ??= before?.ipFamilyPolicy ?? (isBareHeadless(spec) ? "RequireDualStack" : "SingleStack");
  const refuse = (found: readonly FieldError[]): void => {
    if (found.length > 0) throw invalid(serviceKind, service.metadata.name ?? "", found);
  };
  refuse(validateServiceAddressing(spec, before));
  refuse([...(before === undefined ? [] : released(spec, before)), ...crowded(spec), ...inferred(allocation)]);
  if (isBareHeadless(spec)) {
    completeFamilies(spec, { first: allocation.allocators.families[0]!, dual: true });
    return;
  }
  refuse(unconfigured(allocation));
  const { families } = allocation.allocators;
  completeFamilies(spec, { first: families[0]!, dual: families.length === 2 });
}

/** SingleStack lets the second one go; any other policy has to say so. */
function released(spec: Spec, before: Spec): FieldError[] {
  if (spec.ipFamilyPolicy === "SingleStack") {
    if (same(before.clusterIPs, spec.clusterIPs) && count(spec.clusterIPs) > 1)
      spec.clusterIPs = spec.clusterIPs!.slice(0, 1);
    if (same(before.ipFamilies, spec.ipFamilies) && count(spec.ipFamilies) > 1)
      spec.ipFamilies = spec.ipFamilies!.slice(0, 1);
    return [];
  }
  const reduced = (now: readonly string[] | undefined, old: readonly string[] | undefined): boolean =>
    count(now) > 0 && count(now) < count(old);
  const refuse = (what: string): FieldError =>
    field.invalid("spec.ipFamilyPolicy", spec.ipFamilyPolicy, `must be 'SingleStack' to release the secondary ${what}`);
  return [
    ...(reduced(spec.clusterIPs, before.clusterIPs) ? [refuse("cluster IP")] : []),
    ...(reduced(spec.ipFamilies, before.ipFamilies) ? [refuse("IP family")] : []),
  ];
}

function crowded(spec: Spec): FieldError[] {
  if (spec.ipFamilyPolicy !== "SingleStack") return [];
  const refuse = (what: string): FieldError =>
    field.invalid(
      "spec.ipFamilyPolicy",
      spec.ipFamilyPolicy,
      `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
    );
  return [
    ...(count(spec.clusterIPs) === 2 ? [refuse("cluster IPs")] : []),
    ...(count(spec.ipFamilies) === 2 ? [refuse("IP families")] : []),
  ];
}

/** Families that the addresses tell. */
function inferred({ spec, allocators }: Allocation): FieldError[] {
  const found: FieldError[] = [];
  const families = [...(spec.ipFamilies ?? [])];
  for (const [index, ip] of (spec.clusterIPs ?? []).entries()) {
    if (ip === none) break;
    if (index < families.length || parseIp(ip) === undefined) continue;
    const family = familyOf(ip);
    if (allocators.families.includes(family)) families.push(family);
    else
      found.push(
        field.invalid(`spec.clusterIPs[${index}]`, spec.clusterIPs, `${family} is not configured on this cluster`),
      );
  }
  if (families.length > 0) spec.ipFamilies = families;
  return found;
}

function unconfigured({ spec, allocators: { families } }: Allocation): FieldError[] {
  const found: FieldError[] = [];
  if (spec.ipFamilyPolicy === "RequireDualStack" && families.length < 2)
    found.push(
      field.invalid(
        "spec.ipFamilyPolicy",
        spec.ipFamilyPolicy,
        "this cluster is not configured for dual-stack services",
      ),
    );
  for (const [index, family] of (spec.ipFamilies ?? []).entries())
    if (!families.includes(family as Family))
      found.push(field.invalid(`spec.ipFamilies[${index}]`, family, "not configured on this cluster"));
  return found;
}

function completeFamilies(spec: Spec, { first, dual }: { readonly first: Family; readonly dual: boolean }): void {
  const families = count(spec.ipFamilies) > 0 ? [...spec.ipFamilies!] : [first];
  if (families.length === 1 && dual && spec.ipFamilyPolicy !== "SingleStack")
    families.push(families[0] === "IPv4" ? "IPv6" : "IPv4");
  spec.ipFamilies = families;
}
