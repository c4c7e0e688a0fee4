// What a ResourceClaim got. Upstream: pkg/apis/resource/validation, pkg/registry/resource/resourceclaim.
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimStatus,
} from "../../../../facts/types/resource.v1.ts";
import { deepEqual, field, utf8Length } from "../../../machinery/index.ts";
import { conditions } from "../conditions.ts";
import { formatIp, parseCidr } from "../formats/ip.ts";
import { internalForm } from "../internal-form.ts";
import { nodeSelector } from "../selector-rules.ts";
import { type Check, child, type Findings, findings, immutableText, required } from "../validate.ts";
import {
  mostConfigurations,
  type RequestNames,
  requestNames,
  requestReference,
  requestReferences,
  usesCapacity,
} from "./claim-spec.ts";
import { limited, limitedSet } from "./collections.ts";
import { bindingConditions, configuration, type Judged, rawObject } from "./configuration.ts";
import { deviceName, driverName, poolName, shareUid } from "./names.ts";
import { sameForm } from "./same-form.ts";

const mostReservations = 256;
const mostResults = 32;
const mostConditions = 8;
const longestData = 10 * 1024;
const mostAddresses = 16;
const longestInterfaceName = 256;
const longestHardwareAddress = 128;

interface Device {
  readonly driver?: string;
  readonly pool?: string;
  readonly device?: string;
  readonly shareID?: string;
}

/** What tells an allocated device or a share of one from all others, as upstream prints it. */
const identity = ({ driver = "", pool = "", device = "", shareID = "" }: Device) => ({
  Driver: driver,
  Pool: pool,
  Device: device,
  ShareID: shareID,
});
const identityText = (device: Device): string => JSON.stringify(identity(device));

const devicesOf = (allocation: AllocationResult | undefined): ReadonlySet<string> =>
  new Set((allocation?.devices?.results ?? []).map(identityText));

const consumer: Check<NonNullable<ResourceClaimStatus["reservedFor"]>[number]> = (value, at, found) => {
  for (const name of ["resource", "name", "uid"] as const) required()(value[name], child(at, name), found);
};

const address: Check<string> = (value, at, found) => {
  const cidr = parseCidr(value);
  if (cidr === undefined) {
    found.push(field.invalid(at, value, "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"));
    return;
  }
  const canonical = `${formatIp(cidr.address.bytes)}/${cidr.prefixLength}`;
  if (value !== canonical)
    found.push(field.invalid(at, value, `must be in canonical form (${JSON.stringify(canonical)})`));
};

const networkData: Check<NetworkDeviceData | undefined> = (value, at, found) => {
  if (value === undefined || value === null) return;
  const longer = (name: "interfaceName" | "hardwareAddress", limit: number): void => {
    if (utf8Length(value[name] ?? "") > limit) found.push(field.tooLong(child(at, name), limit));
  };
  longer("interfaceName", longestInterfaceName);
  longer("hardwareAddress", longestHardwareAddress);
  limitedSet(mostAddresses, address, (each) => each)(value.ips, child(at, "ips"), found);
};

const deviceStatus =
  (allocated: ReadonlySet<string>): Check<AllocatedDeviceStatus> =>
  (device, at, found) => {
    driverName(device.driver, child(at, "driver"), found);
    poolName(device.pool, child(at, "pool"), found);
    deviceName(device.device, child(at, "device"), found);
    if (device.shareID !== undefined) shareUid(device.shareID, child(at, "shareID"), found);
    if (!allocated.has(identityText(device)))
      found.push(field.invalid(at, identity(device), "must be an allocated device in the claim"));
    const path = child(at, "conditions");
    if ((device.conditions?.length ?? 0) > mostConditions)
      found.push(field.tooMany(path, device.conditions?.length ?? 0, mostConditions));
    conditions(device.conditions ?? [], path, found);
    if (device.data !== undefined && device.data !== null)
      rawObject(longestData, false)(device.data, child(at, "data"), found);
    networkData(device.networkData, child(at, "networkData"), found);
  };

const allocationResult =
  (names: RequestNames): Check<DeviceRequestAllocationResult> =>
  (result, at, found) => {
    requestReference(names)(result.request, child(at, "request"), found);
    driverName(result.driver, child(at, "driver"), found);
    poolName(result.pool, child(at, "pool"), found);
    deviceName(result.device, child(at, "device"), found);
    bindingConditions(result, at, found);
    if (result.shareID !== undefined) shareUid(result.shareID, child(at, "shareID"), found);
  };

const sources = ["FromClaim", "FromClass"];

const allocationConfiguration =
  (names: RequestNames, judged: Judged): Check<DeviceAllocationConfiguration> =>
  (config, at, found) => {
    const path = child(at, "source");
    if (!config.source) found.push(field.required(path));
    else if (!sources.includes(config.source)) found.push(field.notSupported(path, config.source, sources));
    requestReferences(names)(config.requests, child(at, "requests"), found);
    configuration(judged)(config, at, found);
  };

const allocation =
  (names: RequestNames, judged: Judged): Check<AllocationResult> =>
  (value, at, found) => {
    const path = child(at, "devices");
    limited(mostResults, allocationResult(names))(value.devices?.results, child(path, "results"), found);
    limited(2 * mostConfigurations, allocationConfiguration(names, judged))(
      value.devices?.config,
      child(path, "config"),
      found,
    );
    if (value.nodeSelector) nodeSelector(value.nodeSelector, child(at, "nodeSelector"), found);
  };

/** Reservations need an allocation; of a claim on its way out they only become fewer. */
function reservationState(claim: ResourceClaim, old: ResourceClaim, found: Findings): void {
  const at = "status.reservedFor";
  const list = claim.status?.reservedFor ?? [];
  if (list.length === 0) return;
  const before = old.status?.reservedFor ?? [];
  if (!claim.status?.allocation) found.push(field.forbidden(at, "may not be specified when `allocated` is not set"));
  else if (
    claim.metadata.deletionTimestamp !== undefined &&
    list.some((each) => !before.some((other) => deepEqual(each, other)))
  )
    found.push(
      field.forbidden(at, "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"),
    );
}

export function judgeClaimStatus(
  claim: ResourceClaim,
  old: ResourceClaim,
  featureEnabled: (gate: string) => boolean,
): Findings {
  const { allocation: now, devices } = claim.status ?? {};
  const before = old.status?.allocation;
  const names = requestNames(claim.spec?.devices);
  return findings(claim, (_claim, _at, found) => {
    limitedSet(mostReservations, consumer, (each) => each.uid ?? "")(
      claim.status?.reservedFor,
      "status.reservedFor",
      found,
    );
    limitedSet(Number.POSITIVE_INFINITY, deviceStatus(devicesOf(now)), identity)(devices, "status.devices", found);
    reservationState(claim, old, found);
    const at = "status.allocation";
    if (now && before) {
      if (!sameForm("resource.AllocationResult", now, before))
        found.push(field.invalid(at, internalForm("resource.AllocationResult", now), immutableText));
    } else if (now) allocation(names, { stored: false, featureEnabled })(now, at, found);
  });
}

/** What is said of devices that the claim has no more is dropped, as are fields of features that are off. */
export function prepareClaimStatus(
  claim: ResourceClaim,
  old: ResourceClaim,
  featureEnabled: (gate: string) => boolean,
): void {
  const status = claim.status;
  if (status === undefined) return;
  const results = status.allocation?.devices?.results ?? [];
  const before = old.status?.allocation?.devices?.results ?? [];
  const reportsDevices = featureEnabled("DRAResourceClaimDeviceStatus") || (old.status?.devices?.length ?? 0) > 0;
  if (!reportsDevices) delete status.devices;
  if (
    !featureEnabled("DRAAdminAccess") &&
    !(old.spec.devices?.requests ?? []).some((each) => each.exactly?.adminAccess !== undefined) &&
    !before.some((each) => each.adminAccess !== undefined)
  )
    for (const result of results) delete result.adminAccess;
  if (!featureEnabled("DRAConsumableCapacity") && !usedCapacity(old)) {
    for (const result of results) {
      delete result.shareID;
      delete result.consumedCapacity;
    }
    for (const device of status.devices ?? []) delete device.shareID;
  }
  if (
    !featureEnabled("DRADeviceBindingConditions") &&
    !before.some((each) => (each.bindingConditions ?? each.bindingFailureConditions) !== undefined)
  )
    for (const result of results) {
      delete result.bindingConditions;
      delete result.bindingFailureConditions;
    }
  if (reportsDevices) dropDeallocated(status, old.status);
}

const usedCapacity = (old: ResourceClaim): boolean =>
  usesCapacity(old.spec) ||
  (old.status?.allocation?.devices?.results ?? []).some(
    (each) => (each.shareID ?? each.consumedCapacity) !== undefined,
  ) ||
  (old.status?.devices ?? []).some((each) => each.shareID !== undefined);

function dropDeallocated(status: ResourceClaimStatus, old: ResourceClaimStatus | undefined): void {
  const kept = devicesOf(status.allocation);
  const gone = new Set([...devicesOf(old?.allocation)].filter((each) => !kept.has(each)));
  const devices = (status.devices ?? []).filter((device) => !gone.has(identityText(device)));
  if (devices.length === 0) delete status.devices;
  else status.devices = devices;
}
