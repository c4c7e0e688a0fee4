// How the API server serves ResourcePoolStatusRequest. Upstream: pkg/apis/resource/validation and the declarative rules of
// v1alpha3, pkg/registry/resource/resourcepoolstatusrequest.
import type {
  PoolStatus,
  ResourcePoolStatusRequest,
  ResourcePoolStatusRequestSpec,
  ResourcePoolStatusRequestStatus,
} from "../../../../facts/types/resource.v1alpha3.ts";
import { deepEqual, field, utf8Length } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { conditions } from "../../lib/conditions.ts";
import { goList, goNumber, goPointer, goString, goStruct } from "../../lib/formats/go-form.ts";
import { keepMetadata } from "../../lib/metadata.ts";
import {
  anything,
  type Check,
  child,
  each,
  findings,
  immutableText,
  optional,
  required,
  worthChecking,
} from "../../lib/validate.ts";
import { atLeast, atMost, keyedList, longName, longNameTexts } from "../../lib/workloads/pod-groups.ts";

const longestPoolName = 253;
const mostPools = 1000;
const mostConditions = 10;
const longestError = 256;

/** The same rule for letters of both cases. */
const inAnyCase = (text: string): string =>
  text
    .replace("a lowercase RFC 1123", "an RFC 1123")
    .replace("lower case alphanumeric", "alphanumeric")
    .replace("e.g. 'example.com'", "e.g. 'Example.com'");

const driverName: Check<string> = (name, at, found) => {
  for (const text of longNameTexts(name.toLowerCase())) found.push(field.invalid(at, name, inAnyCase(text)));
};

const poolName: Check<string> = (name, at, found) => {
  if (utf8Length(name) > longestPoolName) found.push(field.tooLong(at, longestPoolName));
  for (const [index, part] of worthChecking(name.split("/"), found))
    if (part === "") found.push(field.invalid(at, name, `segment ${index}: must not be empty`));
    else for (const text of longNameTexts(part)) found.push(field.invalid(at, part, `segment ${index}: ${text}`));
};

const spec: Check<ResourcePoolStatusRequestSpec> = (value, at, found) => {
  required(driverName)(value.driver, child(at, "driver"), found);
  optional(poolName)(value.poolName, child(at, "poolName"), found);
  optional(atMost(1000))(value.limit, child(at, "limit"), found);
  optional(atLeast(1))(value.limit, child(at, "limit"), found);
};

const counts = ["totalDevices", "allocatedDevices", "availableDevices", "unavailableDevices"] as const;

const pool: Check<PoolStatus> = (value, at, found) => {
  required(driverName)(value.driver, child(at, "driver"), found);
  required(poolName)(value.poolName, child(at, "poolName"), found);
  if (!value.generation) found.push(field.required(child(at, "generation")));
  else atLeast(0)(value.generation, child(at, "generation"), found);
  optional(atLeast(1))(value.resourceSliceCount, child(at, "resourceSliceCount"), found);
  for (const name of counts) optional(atLeast(0))(value[name], child(at, name), found);
  optional(longName)(value.nodeName, child(at, "nodeName"), found);
  if (utf8Length(value.validationError ?? "") > longestError)
    found.push(field.tooLong(child(at, "validationError"), longestError));
};

type Condition = NonNullable<ResourcePoolStatusRequestStatus["conditions"]>[number];

/** As upstream's errors print it. */
const statusForm = goStruct({
  PoolCount: goPointer,
  Pools: goList(
    goStruct({
      Driver: goString,
      PoolName: goString,
      Generation: goNumber,
      ResourceSliceCount: goPointer,
      TotalDevices: goPointer,
      AllocatedDevices: goPointer,
      AvailableDevices: goPointer,
      UnavailableDevices: goPointer,
      NodeName: goPointer,
      ValidationError: goPointer,
    }),
  ),
  Conditions: goPointer,
});

const newStatus: Check<ResourcePoolStatusRequestStatus> = (value, at, found) => {
  conditions(value.conditions, child(at, "conditions"), found);
  if (value.poolCount === undefined) found.push(field.required(child(at, "poolCount")));
  else atLeast(0)(value.poolCount, child(at, "poolCount"), found);
  const pools = value.pools ?? [];
  if (pools.length > mostPools) found.push(field.tooMany(child(at, "pools"), pools.length, mostPools));
  else each(pool)(pools, child(at, "pools"), found);
  keyedList<Condition>(mostConditions, ({ type }) => type, anything)(value.conditions, child(at, "conditions"), found);
};

export const resourcePoolStatusRequestRules = defineRules<ResourcePoolStatusRequest>({
  default: (draft) => {
    draft.spec ??= {} as ResourcePoolStatusRequestSpec;
    draft.spec.limit ??= 100;
  },
  unconditionalUpdate: false,
  validate: (request) => findings(request.spec, spec, "spec"),
  validateOnUpdate: false,
  validateUpdate: (request, old) =>
    deepEqual(request.spec, old.spec) ? [] : [field.invalid("spec", null, immutableText)],
  resetFields: { "": ["status"], status: ["metadata", "spec"] },
  status: {
    prepareUpdate: keepMetadata,
    // An answer is given once.
    validateUpdate: ({ status }, old) => {
      if (old.status === undefined) return status === undefined ? [] : findings(status, newStatus, "status");
      return deepEqual(status, old.status)
        ? []
        : [field.invalid("status", status === undefined ? null : statusForm(status), immutableText)];
    },
  },
});
