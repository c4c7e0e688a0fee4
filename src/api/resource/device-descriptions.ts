// What `kubectl explain` says about the devices, classes and pools of resource.k8s.io/v1. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

/** What a device has beside its name. */
export const device = {
  allNodes:
    "true: all nodes reach the device. Only with perDeviceNodeSelection, and only one of allNodes, nodeName and nodeSelector.",
  allowMultipleAllocations:
    "true: the device can be given to several claims, which share its capacity. false by default.",
  attributes:
    "What the device is like, by name, e.g. model. Names without a domain belong to the driver. Attributes and capacities together: at most 32.",
  bindingConditions:
    "Conditions that the device must report as True, in the claim's status, before the pod is bound to the node. At most 4.",
  bindingFailureConditions:
    "Conditions each of which, when the device reports it as True, makes the scheduler look again. At most 4.",
  bindsToNode: "true: once given, the device can only be used on the node that was chosen with it. false by default.",
  capacity: "How much the device has of what, by name, e.g. memory. Attributes and capacities together: at most 32.",
  consumesCounters: "What the device takes from counters that it shares with others. At most 2 sets.",
  nodeAllocatableResourceMappings:
    "Resources of the node, such as cpu and memory, that come with the device, and how much. Needs the feature gate DRANodeAllocatableResources.",
  nodeName: "Name of the node that reaches the device. Only with perDeviceNodeSelection.",
  nodeSelector: "Nodes that reach the device, in one term. Only with perDeviceNodeSelection.",
  taints: "Taints that the driver put on the device. At most 16.",
};

const inventory: Descriptions = {
  CapacityRequestPolicy: {
    "": "How much of a capacity can be taken at a time. Only one of validRange and validValues may be given.",
    default: "How much is taken when the request does not say. Required with validRange and validValues.",
    validRange: "Lower and upper bound and step of an amount.",
    validValues:
      "The amounts there are, in ascending order, at most 10. A request gets the next higher one; above the last there is none.",
  },
  CapacityRequestPolicyRange: {
    "": "Bounds of what can be taken of a capacity. Less than min becomes min, and what is between two steps becomes the next one.",
    max: "Upper bound, not above the whole capacity. More cannot be had.",
    min: "Lower bound, at least 0.",
    step: "Amounts are min plus a multiple of this. Without it any amount between the bounds will do.",
  },
  Counter: {
    "": "An amount of something that devices share.",
    value: "The amount.",
  },
  CounterSet: {
    "": "Amounts that several devices take from, such as the parts that one card is cut into: what one takes, the others lack.",
    counters: "The amounts by name, at most 32.",
    name: "Name of the set, a DNS label, unique in the pool.",
  },
  Device: {
    "": "One device that can be given to claims.",
    ...device,
    name: "Name of the device, a DNS label, unique in the pool.",
  },
  DeviceAttribute: {
    "": "One attribute of a device. Exactly one of the fields is set.",
    bool: "true or false.",
    bools: "Several values, each true or false. Needs the feature gate DRAListTypeAttributes.",
    int: "A number.",
    ints: "Several numbers. Needs the feature gate DRAListTypeAttributes.",
    string: "A text of at most 64 characters.",
    strings: "Several texts of at most 64 characters. Needs the feature gate DRAListTypeAttributes.",
    version: "A semantic version, such as 1.2.3, of at most 64 characters.",
    versions: "Several semantic versions. Needs the feature gate DRAListTypeAttributes.",
  },
  DeviceCapacity: {
    "": "How much a device has of something.",
    requestPolicy:
      "How much can be taken at a time. Only with allowMultipleAllocations; without it any amount, by default all.",
    value: "The amount in all. What is taken does not make it less.",
  },
  DeviceCounterConsumption: {
    "": "What a device takes from a set of shared counters.",
    counterSet: "Name of the set.",
    counters: "How much is taken, by the counter's name. At most 32.",
  },
  DeviceTaint: {
    "": "Keeps claims away from a device unless they tolerate it.",
    effect:
      "NoSchedule: the device is not given to new claims. NoExecute: pods that use it are evicted too. None: nothing happens; useful to try a rule out.",
    key: "Key of the taint, in the form of a label's.",
    timeAdded: "When the taint was added. The server fills it in.",
    value: "Value of the taint, in the form of a label's.",
  },
  NodeAllocatableResourceMapping: {
    "": "How much of a node's resource comes with a device.",
    allocationMultiplier:
      "How much for each device, or for each unit of the capacity that capacityKey names. 1 by default.",
    capacityKey: "Name of the capacity that is counted. Without it devices are counted.",
  },
  ResourcePool: {
    "": "Which pool a slice is part of.",
    generation:
      "Number of the pool's state. A driver raises it with each change and writes all slices anew; only the highest counts.",
    name: "Name of the pool, often the node's: DNS subdomains with slashes between, at most 253 characters. Immutable.",
    resourceSliceCount:
      "Number of slices that the pool has in this state. As long as some are missing, the pool is incomplete.",
  },
  ResourceSlice: {
    "": "Devices that a driver has to offer, a part of a pool or all of it. Drivers keep it and the scheduler reads it.",
    spec: "The pool and the devices.",
  },
  ResourceSliceSpec: {
    "": "Devices of a pool. Exactly one of allNodes, nodeName, nodeSelector and perDeviceNodeSelection is set.",
    allNodes: "true: all nodes reach the devices.",
    devices: "The devices, at most 128, or 64 if any has taints or takes from counters. Excludes sharedCounters.",
    driver: "Name of the driver, a DNS subdomain. Can be used as field selector. Immutable.",
    nodeName: "Name of the node that has the devices. Can be used as field selector. Immutable.",
    nodeSelector: "Nodes that reach the devices, in one term.",
    perDeviceNodeSelection: "true: each device says for itself which nodes reach it.",
    pool: "The pool that the slice is part of.",
    sharedCounters: "Sets of counters that devices of the pool take from, at most 8. Excludes devices.",
  },
};

const choice: Descriptions = {
  CELDeviceSelector: {
    "": "Chooses devices by a CEL expression.",
    expression:
      'CEL expression that is true for devices that will do. device has driver, attributes and capacity, both by domain and name, and allowMultipleAllocations: device.attributes["example.com"].model == "a100". An error ends the search; use has or orValue for what may be missing.',
  },
  DeviceClass: {
    "": "Names a kind of devices, with selectors and configuration that administrators set. Every request of a claim names one.",
    spec: "Which devices, and how they are configured. Changes affect only claims that get their devices later.",
  },
  DeviceClassConfiguration: {
    "": "Configuration for the devices of a class.",
    opaque: "Parameters that only the driver understands.",
  },
  DeviceClassSpec: {
    "": "Which devices belong to a class, and how they are configured.",
    config: "Configuration for drivers. It has no part in the choice of devices.",
    extendedResourceName:
      "Name by which containers can ask for such devices among their resources, e.g. example.com/gpu, without a claim. Where classes share it, the newest counts.",
    selectors: "Which devices belong to the class: all selectors must match.",
  },
  DeviceSelector: {
    "": "Chooses devices.",
    cel: "By a CEL expression.",
  },
  DeviceToleration: {
    "": "Puts up with taints of devices.",
    effect: "Effect of the taints. Empty stands for every effect.",
    key: "Key of the taints. Empty, with Exists, stands for every key.",
    operator: "Equal (default): value must be the same. Exists: value does not matter.",
    tolerationSeconds:
      "For NoExecute: seconds until pods are evicted nevertheless. Without it never; 0 or less at once.",
    value: "Value of the taints. Empty with Exists.",
  },
};

export const devices: Descriptions = { ...inventory, ...choice };
