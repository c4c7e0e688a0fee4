// What `kubectl explain` says about the alpha and beta versions of resource.k8s.io where they differ from v1.

import type { Differences } from "../lib/descriptions/contract.ts";
import { wanted } from "./descriptions.ts";
import { device, devices } from "./device-descriptions.ts";

const onlyExactly = "Not together with firstAvailable.";

/** v1beta1 keeps a device's fields one level deeper, and those of a request one level higher. */
export const v1beta1: Differences = {
  BasicDevice: {
    "": "What a device is like.",
    ...device,
  },
  Device: {
    "": "One device that can be given to claims.",
    basic: "What the device is like.",
    name: "Name of the device, a DNS label, unique in the pool.",
  },
  DeviceRequest: {
    "": "Asks for devices: either by deviceClassName and the fields beside it, or by alternatives in firstAvailable.",
    adminAccess: `${wanted.adminAccess} ${onlyExactly}`,
    allocationMode: `${wanted.allocationMode} ${onlyExactly}`,
    capacity: `${wanted.capacity} ${onlyExactly}`,
    count: `${wanted.count} ${onlyExactly}`,
    deviceClassName: `${wanted.deviceClassName} ${onlyExactly}`,
    selectors: `${wanted.selectors} ${onlyExactly}`,
    tolerations: `${wanted.tolerations} ${onlyExactly}`,
  },
};

/** v1beta2 and v1alpha3. */
export const taintRules: Differences = {
  DeviceTaintRule: {
    "": "Puts a taint on all devices that a selector matches, as if their driver had done so. Needs the feature gate DRADeviceTaintRules.",
    spec: "The devices and the taint.",
    status: "How far the eviction of pods is.",
  },
  DeviceTaintRuleSpec: {
    "": "Which devices get which taint.",
    deviceSelector: "The devices. Empty: all; without it: none.",
    taint: "The taint.",
  },
  DeviceTaintRuleStatus: {
    "": "How far the eviction of pods is.",
    conditions:
      "The observed conditions. EvictionInProgress: pods still have to be evicted. With the effect None, its message tells what NoExecute would do.",
  },
  DeviceTaintSelector: {
    "": "Which devices a rule is for. All that is given must match. Empty: all devices.",
    device: "Name of the device.",
    driver: "Name of the driver.",
    pool: "Name of the pool.",
  },
};

export const v1alpha3: Differences = {
  ...taintRules,
  DeviceTaint: {
    ...devices["DeviceTaint"],
    timeAdded: "When the taint was added, or its effect changed. The server fills it in.",
  },
  PoolStatus: {
    "": "How much of a pool is in use.",
    allocatedDevices: "Number of devices that claims have. Unset with validationError.",
    availableDevices: "Number of devices that claims could still get. Unset with validationError.",
    driver: "Name of the driver.",
    generation: "Number of the pool's state that was counted, the newest.",
    nodeName: "Name of the node that the pool belongs to. Unset: none.",
    poolName: "Name of the pool.",
    resourceSliceCount: "Number of slices of the pool. Unset with validationError.",
    totalDevices: "Number of devices in all. Unset with validationError.",
    unavailableDevices:
      "Number of devices that no claim has, but that cannot be had either, e.g. because of taints. Unset with validationError.",
    validationError: "Why the pool could not be counted, e.g. because slices are missing.",
  },
  ResourcePoolStatusRequest: {
    "": "Asks once how much of a driver's pools is in use. To ask again, delete it and make it anew. Needs the feature gate DRAResourcePoolStatus.",
    spec: "Which pools. Immutable.",
    status: "The answer. Once it is there, nothing of the object can change.",
  },
  ResourcePoolStatusRequestSpec: {
    "": "Which pools are counted.",
    driver: "Name of the driver whose pools are counted.",
    limit: "How many pools the answer shows at most, 1 to 1000. 100 by default.",
    poolName: "Name of the pool, if only one is counted. By default all of the driver.",
  },
  ResourcePoolStatusRequestStatus: {
    "": "How much of the pools is in use.",
    conditions: "Complete: counted. Failed: could not be counted.",
    poolCount: "Number of pools that match, also of those beyond limit.",
    pools: "The pools, by driver and name, as many as limit allows.",
  },
};
