// What a ResourceSlice offers. Upstream: pkg/apis/resource/validation.
import type { Device, ResourcePool, ResourceSliceSpec } from "../../../../facts/types/resource.v1.ts";
import { deepEqual, dns1123Subdomain, field } from "../../../machinery/index.ts";
import { internalForm } from "../internal-form.ts";
import { nodeSelector } from "../selector-rules.ts";
import { type Check, child, type Findings, immutable, named } from "../validate.ts";
import { limited, limitedMap, limitedSet } from "./collections.ts";
import { bindingConditions, taint } from "./configuration.ts";
import { attribute, attributeValues, capacity, mappings } from "./device-values.ts";
import {
  counterName,
  deviceName,
  driverName,
  longestLabel,
  longestQualifiedName,
  poolName,
  qualifiedName,
} from "./names.ts";

const mostDevices = 128;
const mostCostlyDevices = 64;
const mostCounterSets = 8;
const mostCounters = 32;
const mostConsumptions = 2;
const mostTaints = 16;
const mostAttributes = 32;
const mostAttributeValues = 48;
const unlimited = Number.POSITIVE_INFINITY;

const onlyTrue = "must be either unset or set to true";
const nodeName = named(dns1123Subdomain);

const pool: Check<ResourcePool | undefined> = (value, at, found) => {
  const { name, resourceSliceCount = 0, generation = 0 } = value ?? {};
  poolName(name, child(at, "name"), found);
  if (resourceSliceCount <= 0)
    found.push(field.invalid(child(at, "resourceSliceCount"), resourceSliceCount, "must be greater than zero"));
  if (generation < 0)
    found.push(field.invalid(child(at, "generation"), generation, "must be greater than or equal to zero"));
};

interface Located {
  readonly nodeName?: string;
  readonly nodeSelector?: ResourceSliceSpec["nodeSelector"];
  readonly allNodes?: boolean;
  readonly perDeviceNodeSelection?: boolean;
}

/** Judges each way to say where devices are and returns the ways that are used. */
function placesOf(value: Located, at: string, of: { emptyName: string; oneTerm: boolean; found: Findings }): string[] {
  const { found } = of;
  const used: string[] = [];
  if (value.nodeName !== undefined) {
    const path = child(at, "nodeName");
    if (value.nodeName === "") found.push(field.invalid(path, "", of.emptyName));
    else {
      used.push("nodeName");
      nodeName(value.nodeName, path, found);
    }
  }
  if (value.nodeSelector !== undefined && value.nodeSelector !== null) {
    used.push("nodeSelector");
    nodeSelector(value.nodeSelector, child(at, "nodeSelector"), found);
    const terms = value.nodeSelector.nodeSelectorTerms;
    if (of.oneTerm && terms?.length !== 1)
      found.push(
        field.invalid(
          child(at, "nodeSelector.nodeSelectorTerms"),
          internalForm("[]core.NodeSelectorTerm", terms),
          "must have exactly one node selector term",
        ),
      );
  }
  for (const name of ["allNodes", "perDeviceNodeSelection"] as const) {
    if (value[name] === undefined) continue;
    if (value[name]) used.push(name);
    else found.push(field.invalid(child(at, name), false, onlyTrue));
  }
  return used;
}

const shownPlaces = (used: readonly string[]): string => `{${used.map((name) => `\`${name}\``).join(", ")}}`;

const slicePlace: Check<ResourceSliceSpec> = (spec, at, found) => {
  const emptyName = "must be either unset or set to a non-empty string";
  const used = placesOf(spec, at, { emptyName, oneTerm: true, found });
  const text = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  if (used.length === 0) found.push(field.required(at, text));
  if (used.length > 1) found.push(field.invalid(at, shownPlaces(used), `${text}, but multiple fields are set`));
};

const devicePlace =
  (perDevice: boolean): Check<Device> =>
  (device, at, found) => {
    const { nodeName: node, nodeSelector: selector, allNodes } = device;
    if (perDevice) {
      const text =
        "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
      const place = { nodeName: node, nodeSelector: selector, allNodes } as Located;
      const used = placesOf(place, at, { emptyName: "must not be empty", oneTerm: false, found });
      if (used.length === 0) found.push(field.required(at, text));
      if (used.length > 1) found.push(field.invalid(at, shownPlaces(used), text));
    } else if (node !== undefined || selector !== undefined || allNodes !== undefined)
      found.push(
        field.invalid(
          at,
          null,
          "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec",
        ),
      );
  };

const counters: Check<Readonly<Record<string, unknown>> | undefined> = (map, at, found) => {
  if (Object.keys(map ?? {}).length === 0) found.push(field.required(at));
  else limitedMap({ size: mostCounters, shownKey: longestLabel }, counterName, () => {})(map, at, found);
};

const counterSetName: Check<string | undefined> = (name, at, found) => {
  if (!name) found.push(field.required(at));
  else counterName(name, at, found);
};

const consumption: Check<NonNullable<Device["consumesCounters"]>[number]> = (value, at, found) => {
  counterSetName(value.counterSet, child(at, "counterSet"), found);
  counters(value.counters, child(at, "counters"), found);
};

const counterSet: Check<NonNullable<ResourceSliceSpec["sharedCounters"]>[number]> = (value, at, found) => {
  counterSetName(value.name, child(at, "name"), found);
  counters(value.counters, child(at, "counters"), found);
};

const sizes: Check<Device> = (device, at, found) => {
  const all = Object.keys(device.attributes ?? {}).length + Object.keys(device.capacity ?? {}).length;
  if (all > mostAttributes)
    found.push(
      field.invalid(at, all, `the total number of attributes and capacities must not exceed ${mostAttributes}`),
    );
  const values = attributeValues(device);
  if (values > mostAttributeValues)
    found.push(
      field.invalid(at, values, `the total number of attribute values must not exceed ${mostAttributeValues}`),
    );
};

const device =
  (of: { readonly perDevice: boolean; readonly old: ResourceSliceSpec | undefined }): Check<Device> =>
  (value, at, found) => {
    deviceName(value.name, child(at, "name"), found);
    sizes(value, at, found);
    const limit = { size: unlimited, shownKey: longestQualifiedName };
    limitedMap(limit, qualifiedName, attribute)(value.attributes, child(at, "attributes"), found);
    const shared = value.allowMultipleAllocations === true;
    limitedMap(limit, qualifiedName, capacity({ shared }))(value.capacity, child(at, "capacity"), found);
    const old = of.old?.devices?.find((each) => each.name === value.name);
    if (old === undefined || !deepEqual(old.taints ?? [], value.taints ?? []))
      limited<NonNullable<Device["taints"]>[number]>(mostTaints, (each, path) => taint(each, path, { found }))(
        value.taints,
        child(at, "taints"),
        found,
      );
    limitedSet(mostConsumptions, consumption, (each) => each.counterSet ?? "")(
      value.consumesCounters,
      child(at, "consumesCounters"),
      found,
    );
    devicePlace(of.perDevice)(value, at, found);
    bindingConditions(value, at, found);
    mappings(value, child(at, "nodeAllocatableResourceMappings"), found);
  };

/** Devices that cost more to look at: fewer of them fit into a slice. */
const isCostly = (each: Device): boolean =>
  (each.taints?.length ?? 0) > 0 ||
  (each.consumesCounters?.length ?? 0) > 0 ||
  Object.values(each.attributes ?? {}).some(
    ({ bools, ints, strings, versions }) => (bools ?? ints ?? strings ?? versions) !== undefined,
  );

/** `old`: absent on create. */
export const sliceSpec =
  (old: ResourceSliceSpec | undefined): Check<ResourceSliceSpec> =>
  (spec, at, found) => {
    driverName(spec.driver, child(at, "driver"), found);
    pool(spec.pool, child(at, "pool"), found);
    if (old !== undefined) {
      immutable(old.pool?.name ?? "")(spec.pool?.name ?? "", child(at, "pool.name"), found);
      immutable(old.driver ?? "")(spec.driver ?? "", child(at, "driver"), found);
      immutable(old.nodeName)(spec.nodeName, child(at, "nodeName"), found);
    }
    slicePlace(spec, at, found);
    if (spec.sharedCounters !== undefined && spec.devices !== undefined)
      found.push(field.invalid(at, "", "only one of `sharedCounters` or `devices` is allowed"));
    const most = (spec.devices ?? []).some(isCostly) ? mostCostlyDevices : mostDevices;
    limitedSet(most, device({ perDevice: spec.perDeviceNodeSelection === true, old }), (each) => each.name ?? "")(
      spec.devices,
      child(at, "devices"),
      found,
    );
    limitedSet(mostCounterSets, counterSet, (each) => each.name ?? "")(
      spec.sharedCounters,
      child(at, "sharedCounters"),
      found,
    );
  };
