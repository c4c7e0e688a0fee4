// Requests are charged to the quotas of their namespace before they are stored; what would exceed one is refused. What was
// charged and not stored after all, and what was deleted, the quota controller sets right.
// Upstream: apiserver's admission/plugin/resourcequota.
import {
  addResourceList,
  type DeviceClaim,
  type DeviceClass,
  type DeviceView,
  deviceClasses,
  deviceCountsFor,
  extendedDeviceUsage,
  isTerminatingScope,
  type PersistentVolumeClaim,
  type Pod,
  pods,
  quotaCountsFor,
  quotaScopesMatch,
  quotaUnnamedResources,
  quotaUsageOf,
  type ResourceList,
  type ResourceQuota,
  resourceClaims,
  resourceQuotas,
} from "../../../../api/index.ts";
import {
  compareQuantities,
  isConflict,
  isNotFound,
  type KubeObject,
  modifiedConflict,
  subtractQuantities,
} from "../../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf, refuse } from "../../framework.ts";
import { checkCovered, type LimitedResource, readLimitedResources } from "./limited.ts";

/** Upstream's retries when somebody else changes the quota meanwhile. */
const attempts = 5;

export function createResourceQuota(host: AdmissionHost): AdmissionPlugin {
  const { reader, clock } = host;
  const limited = readLimitedResources(host.pluginConfiguration?.("ResourceQuota"));
  /** Requests of one namespace are charged one after the other. */
  const turns = new Map<string, Promise<void>>();

  const inTurn = async (namespace: string, work: () => Promise<void>): Promise<void> => {
    const before = turns.get(namespace) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.then(
      () => {},
      () => {},
    );
    turns.set(namespace, settled);
    await mine.finally(() => {
      if (turns.get(namespace) === settled) turns.delete(namespace);
    });
  };

  /** Undefined when no class is there, or none may stand for a resource. */
  const deviceView = (namespace: string): DeviceView | undefined => {
    if (!host.featureEnabled("DRAExtendedResource")) return undefined;
    const classes = reader.list<DeviceClass>(deviceClasses, "");
    if (classes.length === 0) return undefined;
    return {
      classes,
      podOf: (of, name) => reader.get<Pod>(pods, of, name),
      claimsOf: () => reader.list<DeviceClaim>(resourceClaims, namespace),
      nowMs: clock.now(),
    };
  };

  const charge = async (attributes: AdmissionAttributes): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      await reader.getFresh(resourceQuotas, attributes.namespace, "");
      const quotas = reader.list<ResourceQuota>(resourceQuotas, attributes.namespace);
      const devices = isDeviceClaim(attributes) ? deviceView(attributes.namespace) : undefined;
      const charges = check(attributes, {
        quotas,
        limited,
        nowMs: clock.now(),
        ...(devices === undefined ? {} : { devices }),
      });
      if (attributes.dryRun) return;
      try {
        for (const { quota, used } of charges) await write(host, quota, used);
        return;
      } catch (error) {
        if (isNotFound(error)) continue;
        if (!isConflict(error) || attempt === attempts) throw error;
      }
    }
  };

  return {
    name: "ResourceQuota",
    handles: (attributes) => attributes.namespace !== "" && attributes.kind.virtual !== true && isCharged(attributes),
    async validate(attributes) {
      if (limited.length === 0 && reader.list(resourceQuotas, attributes.namespace).length === 0) return;
      await inTurn(attributes.namespace, () => charge(attributes));
    },
  };
}

function isCharged({ operation, subresource, kind, object, oldObject }: AdmissionAttributes): boolean {
  if (kind.kind === "Event" || kind.kind === "Namespace") return false;
  if (operation === "CREATE") return subresource === "";
  if (operation !== "UPDATE") return false;
  switch (`${kind.group}/${kind.resource}/${subresource}`) {
    case "/services/":
    case "/persistentvolumeclaims/":
    case "resource.k8s.io/resourceclaims/":
    case "/pods/resize":
      return true;
    case "/persistentvolumeclaims/status":
      return growsFor(object as PersistentVolumeClaim) !== growsFor(oldObject as PersistentVolumeClaim);
    case "/pods/":
      return isTerminatingScope(oldObject as Pod) !== isTerminatingScope(object as Pod);
    default:
      return false;
  }
}

/** What a volume that is being expanded has been promised. */
const growsFor = ({ status }: PersistentVolumeClaim): string => status?.allocatedResources?.["storage"] ?? "";

/** Throws Conflict when the quota is no longer the one that the charge was computed from. */
async function write(host: AdmissionHost, quota: ResourceQuota, used: ResourceList): Promise<void> {
  const { namespace = "", name, resourceVersion } = quota.metadata;
  await host.writer.updateStatus<ResourceQuota>(resourceQuotas, { namespace, name }, (current) => {
    if (current.metadata.resourceVersion !== resourceVersion) throw modifiedConflict(resourceQuotas, name);
    return { ...current, status: { ...current.status, used } };
  });
}

interface Charge {
  readonly quota: ResourceQuota;
  readonly used: ResourceList;
}

interface Room {
  readonly quotas: readonly ResourceQuota[];
  readonly limited: readonly LimitedResource[];
  readonly nowMs: number;
  /** For claims of devices. */
  readonly devices?: DeviceView;
}

const isDeviceClaim = ({ kind }: AdmissionAttributes): boolean =>
  kind.group === resourceClaims.group && kind.resource === resourceClaims.resource;

/** New usage of every quota that the request changes. Throws 403 with upstream's texts. */
function check(attributes: AdmissionAttributes, { quotas, limited, nowMs, devices }: Room): Charge[] {
  const { kind, operation } = attributes;
  const object = draftOf(attributes);
  const usageOf = (of: KubeObject): ResourceList => {
    const own = quotaUsageOf(kind, of, nowMs);
    return devices === undefined ? own : extendedDeviceUsage(of as DeviceClaim, own, devices);
  };
  const countsFor = (name: string): boolean =>
    quotaCountsFor(kind, name) || (devices !== undefined && deviceCountsFor(name, devices.classes));
  const usage = usageOf(object);
  const before = operation === "UPDATE" && attributes.oldObject !== undefined ? usageOf(attributes.oldObject) : {};
  const pending: { readonly quota: ResourceQuota; readonly delta: ResourceList }[] = [];
  for (const quota of quotas) {
    const hard = quota.status?.hard ?? {};
    const restricted = Object.keys(hard).filter(countsFor);
    if (restricted.length === 0 || !quotaScopesMatch(quota, kind.resource, object)) continue;
    checkNamed(attributes, quota, restricted);
    const used = quota.status?.used ?? {};
    const unknown = restricted.filter((name) => used[name] === undefined);
    if (unknown.length > 0)
      throw refuse(
        attributes,
        `status unknown for quota: ${quota.metadata.name}, resources: ${restricted.sort().join(",")}`,
      );
    const wasCharged =
      attributes.oldObject !== undefined && quotaScopesMatch(quota, kind.resource, attributes.oldObject as KubeObject);
    const delta = difference(usage, wasCharged ? before : {}, restricted);
    if (Object.keys(delta).length === 0) continue;
    pending.push({ quota, delta });
  }
  const delta = difference(usage, before, Object.keys(usage));
  checkCovered(attributes, { limited, quotas, usage, delta });
  return pending.map(({ quota, delta }) => ({ quota, used: charged(attributes, quota, delta) }));
}

function checkNamed(attributes: AdmissionAttributes, quota: ResourceQuota, restricted: readonly string[]): void {
  if (attributes.kind.group !== "" || attributes.kind.resource !== "pods") return;
  const missing = quotaUnnamedResources(draftOf<Pod>(attributes), restricted);
  if (missing !== undefined) throw refuse(attributes, `failed quota: ${quota.metadata.name}: ${missing}`);
}

/** What is used more than before, of the restricted names. */
function difference(
  now: Readonly<ResourceList>,
  before: Readonly<ResourceList>,
  names: readonly string[],
): ResourceList {
  const delta: ResourceList = {};
  for (const name of names) {
    const amount = now[name];
    if (amount === undefined) continue;
    const more = before[name] === undefined ? amount : subtractQuantities(amount, before[name]);
    if (compareQuantities(more, "0") > 0) delta[name] = more;
  }
  return delta;
}

function charged(attributes: AdmissionAttributes, quota: ResourceQuota, delta: ResourceList): ResourceList {
  const hard = quota.status?.hard ?? {};
  const used: ResourceList = { ...quota.status?.used };
  const before = { ...used };
  addResourceList(used, delta);
  const exceeded = Object.keys(delta)
    .filter((name) => compareQuantities(used[name]!, hard[name]!) > 0)
    .sort();
  if (exceeded.length === 0) return used;
  const show = (list: Readonly<Record<string, string>>): string =>
    exceeded.map((name) => `${name}=${list[name]}`).join(",");
  throw refuse(
    attributes,
    `exceeded quota: ${quota.metadata.name}, requested: ${show(delta)}, used: ${show(before)}, limited: ${show(hard)}`,
  );
}
