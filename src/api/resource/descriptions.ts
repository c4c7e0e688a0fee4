// What `kubectl explain` says about resource.k8s.io/v1, that is, dynamic resource allocation: claims here, devices and their pools in
// device-descriptions.ts, the alpha and beta types in other-descriptions.ts. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";
import { devices } from "./device-descriptions.ts";

const ofRequests =
  "Names of the requests that it is for; request/subrequest names one alternative. Empty: all requests of the claim.";

/** What is asked for, for one request or one alternative of it. */
export const wanted = {
  adminAccess:
    'true: access for administration, e.g. for monitoring: devices may be in use by others meanwhile. Only in namespaces with the label resource.kubernetes.io/admin-access: "true". false by default.',
  allocationMode:
    "ExactCount (default): as many devices as count says. All: all matching devices of a node or pool, at least one; it fails if one of them is taken.",
  capacity: "How much capacity each device must have, or how much of it is taken where devices are shared.",
  count: "Number of devices with ExactCount. 1 by default.",
  deviceClassName: "Name of the DeviceClass, whose selectors and configuration hold too.",
  selectors: "Which devices will do: all selectors must match. At most 32.",
  tolerations: "Taints of devices that are put up with. At most 16.",
};

const claims: Descriptions = {
  AllocatedDeviceStatus: {
    "": "What a driver reports about a device that it gave to a claim. driver, pool, device and shareID name the device as in status.allocation.",
    conditions: "The observed conditions. Ready: the device is configured as the claim and class ask. At most 8.",
    data: "Anything else that the driver reports, at most 10 KiB.",
    device: "Name of the device in its pool.",
    driver: "Name of the driver.",
    networkData: "Interface and addresses of a network device.",
    pool: "Name of the pool.",
    shareID: "Which share of the device, where it is given to several claims.",
  },
  AllocationResult: {
    "": "What a claim got.",
    allocationTimestamp: "When it got it. May be unset: then it is not known.",
    devices: "The devices.",
    nodeSelector: "Nodes where the devices can be used. Unset: everywhere.",
  },
  CapacityRequirements: {
    "": "How much capacity is asked for.",
    requests:
      "Amounts by the name of the capacity. A device must have as much; of a shared one as much is taken, rounded up as its requestPolicy says. What is not named here: the policy's default, or else all of it.",
  },
  DeviceAllocationConfiguration: {
    "": "Configuration for the devices that a claim got.",
    opaque: "Parameters that only the driver understands.",
    requests: ofRequests,
    source: "FromClass or FromClaim: whether an administrator or the claim's author wrote it.",
  },
  DeviceAllocationResult: {
    "": "The devices that a claim got.",
    config: "Configuration from the claim and its classes, also for drivers that none of the devices belongs to.",
    results: "The devices.",
  },
  DeviceClaim: {
    "": "Which devices are asked for.",
    config: "Configuration for drivers. It has no part in the choice of devices.",
    constraints: "What the chosen devices must have in common, or not.",
    requests: "The requests, all of which must be met. At most 32; empty: nothing is needed.",
  },
  DeviceClaimConfiguration: {
    "": "Configuration for the devices of some requests.",
    opaque: "Parameters that only the driver understands.",
    requests: ofRequests,
  },
  DeviceConstraint: {
    "": "What chosen devices must have in common, or not. Exactly one of the attributes must be given.",
    distinctAttribute: "Name of an attribute that is different on all of the devices, and that each has.",
    matchAttribute:
      "Name of an attribute that has the same value on all of the devices, e.g. example.com/numa. One without it is not chosen.",
    requests: "Names of the requests whose devices are compared; request/subrequest names one alternative. Empty: all.",
  },
  DeviceRequest: {
    "": "Asks for devices. Exactly one of exactly and firstAvailable must be given.",
    exactly: "The devices, without alternatives.",
    firstAvailable: "Alternatives, the best first: the first that can be met is taken. At most 8.",
    name: "Name of the request, a DNS label: containers, constraints and configuration refer to it.",
  },
  DeviceRequestAllocationResult: {
    "": "A device that a request got.",
    adminAccess: "true: the device was given for administration, beside others that use it.",
    bindingConditions: "Conditions of the device, from its slice, that must be True before the pod is bound.",
    bindingFailureConditions:
      "Conditions of the device, from its slice, each of which, when True, sends the pod back to the scheduler.",
    consumedCapacity:
      "How much of each capacity was taken, rounded up as the device's policies say. Only for devices that are shared.",
    device: "Name of the device in its pool.",
    driver: "Name of the driver, whose plugin on the node prepares the device.",
    pool: "Name of the pool.",
    request: "Name of the request, or request/subrequest for the alternative that was taken.",
    shareID: "Which share of the device, where it is given to several claims.",
    tolerations: "The request's tolerations at that time.",
  },
  DeviceSubRequest: {
    "": "An alternative of a request.",
    allocationMode: wanted.allocationMode,
    capacity: wanted.capacity,
    count: wanted.count,
    deviceClassName: wanted.deviceClassName,
    name: "Name of the alternative, a DNS label. Others refer to it as request/subrequest.",
    selectors: wanted.selectors,
    tolerations: wanted.tolerations,
  },
  ExactDeviceRequest: {
    "": "Asks for devices, without alternatives.",
    ...wanted,
  },
  NetworkDeviceData: {
    "": "Interface and addresses of a network device.",
    hardwareAddress: "Its MAC address or the like. At most 128 bytes.",
    interfaceName: "Name of the interface, e.g. in the pod. At most 256 bytes.",
    ips: "Its addresses with the length of the prefix, e.g. 192.0.2.5/24. At most 16.",
  },
  OpaqueDeviceConfiguration: {
    "": "Parameters that only a driver understands.",
    driver: "Name of the driver.",
    parameters:
      "The parameters, an object of the driver's own making, mostly with apiVersion and kind. At most 10 KiB.",
  },
  ResourceClaim: {
    "": "Asks for devices, such as accelerators, for pods. The scheduler chooses the devices together with the node; drivers make them ready.",
    spec: "Which devices are asked for. Immutable.",
    status: "Which devices were chosen, and who may use them.",
  },
  ResourceClaimConsumerReference: {
    "": "Who may use a claim, mostly a pod.",
    apiGroup: "API group of the user. Empty for the core group.",
    name: "Name of the user.",
    resource: "Resource of the user, e.g. pods.",
    uid: "UID of the user: no later one of the same name is meant.",
  },
  ResourceClaimSpec: {
    "": "Which devices are asked for.",
    devices: "Requests, constraints and configuration.",
  },
  ResourceClaimStatus: {
    "": "What has become of a claim.",
    allocation: "The chosen devices. Unset: none yet.",
    devices: "What drivers report about the devices.",
    reservedFor:
      "Who may use the claim now, at most 256. Pods start only when they are named here; while somebody is, the devices are kept.",
  },
  ResourceClaimTemplate: {
    "": "A template from which each pod that names it gets a ResourceClaim of its own, which goes with the pod.",
    spec: "The claim. Immutable.",
  },
  ResourceClaimTemplateSpec: {
    "": "The claims that are made.",
    metadata: "Labels and annotations for the claims. Nothing else is allowed.",
    spec: "The spec of the claims.",
  },
};

export const v1: Descriptions = { ...claims, ...devices };
