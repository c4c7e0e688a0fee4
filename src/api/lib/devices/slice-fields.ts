// Defaults of ResourceSlice and what it loses while a feature is off. Upstream: pkg/apis/resource/v1/defaults.go,
// pkg/registry/resource/resourceslice.
import type { Device, DeviceAttribute, ResourceSliceSpec } from "../../../../facts/types/resource.v1.ts";

const devicesOf = (spec: ResourceSliceSpec | undefined): readonly Device[] => spec?.devices ?? [];

export function defaultSliceSpec(spec: ResourceSliceSpec): void {
  for (const device of devicesOf(spec))
    for (const mapping of Object.values(device.nodeAllocatableResourceMappings ?? {}))
      mapping.allocationMultiplier ??= "1";
}

/** Taints count from when they are written. */
export function stampTaints(spec: ResourceSliceSpec, now: string): void {
  for (const device of devicesOf(spec)) for (const taint of device.taints ?? []) taint.timeAdded ??= now;
}

type Features = (gate: string) => boolean;

interface Feature {
  readonly isOn: (enabled: Features) => boolean;
  readonly inUse: (spec: ResourceSliceSpec) => boolean;
  readonly drop: (spec: ResourceSliceSpec) => void;
}

const someDevice =
  (holds: (device: Device) => boolean) =>
  (spec: ResourceSliceSpec): boolean =>
    devicesOf(spec).some(holds);

const withoutFields =
  (...names: readonly (keyof Device)[]) =>
  (spec: ResourceSliceSpec): void => {
    for (const device of devicesOf(spec)) for (const name of names) delete device[name];
  };

const lists = ["bools", "ints", "strings", "versions"] as const satisfies readonly (keyof DeviceAttribute)[];
const attributesOf = (device: Device): DeviceAttribute[] => Object.values(device.attributes ?? {});

const features: readonly Feature[] = [
  {
    isOn: (enabled) => enabled("DRADeviceTaints"),
    inUse: someDevice(({ taints }) => (taints?.length ?? 0) > 0),
    drop: withoutFields("taints"),
  },
  {
    isOn: (enabled) => enabled("DRAPartitionableDevices"),
    inUse: (spec) =>
      (spec.sharedCounters?.length ?? 0) > 0 ||
      spec.perDeviceNodeSelection !== undefined ||
      someDevice(
        (each) =>
          (each.consumesCounters?.length ?? 0) > 0 ||
          each.nodeName !== undefined ||
          each.nodeSelector !== undefined ||
          each.allNodes !== undefined,
      )(spec),
    drop: (spec) => {
      delete spec.sharedCounters;
      delete spec.perDeviceNodeSelection;
      withoutFields("consumesCounters", "nodeName", "nodeSelector", "allNodes")(spec);
    },
  },
  {
    isOn: (enabled) => enabled("DRADeviceBindingConditions") && enabled("DRAResourceClaimDeviceStatus"),
    inUse: someDevice(
      (each) =>
        (each.bindingConditions?.length ?? 0) > 0 ||
        (each.bindingFailureConditions?.length ?? 0) > 0 ||
        each.bindsToNode !== undefined,
    ),
    drop: withoutFields("bindingConditions", "bindingFailureConditions", "bindsToNode"),
  },
  {
    isOn: (enabled) => enabled("DRAConsumableCapacity"),
    inUse: someDevice(
      (each) =>
        each.allowMultipleAllocations !== undefined ||
        Object.values(each.capacity ?? {}).some(({ requestPolicy }) => requestPolicy !== undefined),
    ),
    drop: (spec) => {
      withoutFields("allowMultipleAllocations")(spec);
      for (const device of devicesOf(spec))
        for (const capacity of Object.values(device.capacity ?? {})) delete capacity.requestPolicy;
    },
  },
  {
    isOn: (enabled) => enabled("DRANodeAllocatableResources"),
    inUse: someDevice((each) => Object.keys(each.nodeAllocatableResourceMappings ?? {}).length > 0),
    drop: withoutFields("nodeAllocatableResourceMappings"),
  },
  {
    isOn: (enabled) => enabled("DRAListTypeAttributes"),
    inUse: someDevice((each) =>
      attributesOf(each).some((attribute) => lists.some((name) => attribute[name] !== undefined)),
    ),
    drop: (spec) => {
      for (const device of devicesOf(spec))
        for (const attribute of attributesOf(device)) for (const name of lists) delete attribute[name];
    },
  },
];

/** Takes away what a feature that is off would need, unless the old object uses it already. */
export function dropDisabledSliceFields(
  spec: ResourceSliceSpec,
  of: { readonly old: ResourceSliceSpec | undefined; readonly featureEnabled: Features },
): void {
  for (const { isOn, inUse, drop } of features)
    if (!isOn(of.featureEnabled) && !(of.old !== undefined && inUse(of.old))) drop(spec);
}
