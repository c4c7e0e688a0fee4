// What a ResourceClaim asks for; claims and their templates share it. Upstream: pkg/apis/resource/validation,
// pkg/apis/resource/v1/defaults.go, pkg/api/resourceclaimspec.
import type {
  DeviceClaim,
  DeviceClaimConfiguration,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  DeviceToleration,
  ExactDeviceRequest,
  ResourceClaimSpec,
} from "../../../../facts/types/resource.v1.ts";
import { field } from "../../../machinery/index.ts";
import { type Check, child, each } from "../validate.ts";
import { limited, limitedSet } from "./collections.ts";
import { configuration, type Judged, selectors, toleration } from "./configuration.ts";
import { className, fullyQualifiedName, requestName } from "./names.ts";

const mostRequests = 32;
const mostConstraints = 32;
const mostAlternatives = 8;
export const mostConfigurations = 32;

const referenceText =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

/** Names of requests, with those of their alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

export const requestNames = (claim: DeviceClaim | undefined): RequestNames =>
  new Map(
    (claim?.requests ?? []).map(({ name = "", firstAvailable }) => [
      name,
      new Set((firstAvailable ?? []).map((alternative) => alternative.name ?? "")),
    ]),
  );

/** `request` or `request/alternative`. */
export const requestReference =
  (names: RequestNames): Check<string | undefined> =>
  (name = "", at, found) => {
    const [request = "", alternative, ...more] = name.split("/");
    if (more.length > 0) {
      found.push(field.invalid(at, name, referenceText));
      return;
    }
    requestName(request, at, found);
    if (alternative !== undefined) requestName(alternative, at, found);
    const alternatives = names.get(request);
    if (alternatives === undefined || (alternative !== undefined && !alternatives.has(alternative)))
      found.push(field.invalid(at, name, referenceText));
  };

/** References that a constraint or a configuration is limited to. */
export const requestReferences = (names: RequestNames): Check<readonly string[] | undefined> =>
  limitedSet(mostRequests, requestReference(names), (name) => name);

type Amount = Pick<ExactDeviceRequest, "allocationMode" | "count">;

const amount: Check<Amount> = ({ allocationMode = "", count = 0 }, at, found) => {
  switch (allocationMode) {
    case "All":
      if (count !== 0)
        found.push(field.invalid(child(at, "count"), count, "must not be specified when allocationMode is 'All'"));
      break;
    case "ExactCount":
      if (count <= 0) found.push(field.invalid(child(at, "count"), count, "must be greater than zero"));
      break;
    default:
      found.push(field.notSupported(child(at, "allocationMode"), allocationMode, ["All", "ExactCount"]));
  }
};

const exactRequest =
  (judged: Judged): Check<ExactDeviceRequest | DeviceSubRequest> =>
  (request, at, found) => {
    className(request.deviceClassName, child(at, "deviceClassName"), found);
    selectors(judged)(request.selectors, child(at, "selectors"), found);
    amount(request as Amount, at, found);
    each(toleration)(request.tolerations, child(at, "tolerations"), found);
  };

const alternative =
  (judged: Judged): Check<DeviceSubRequest> =>
  (request, at, found) => {
    requestName(request.name, child(at, "name"), found);
    exactRequest(judged)(request, at, found);
  };

const request =
  (judged: Judged): Check<DeviceRequest> =>
  ({ name, exactly, firstAvailable = [] }, at, found) => {
    requestName(name, child(at, "name"), found);
    const text = "exactly one of `exactly` or `firstAvailable` is required";
    const isExact = exactly !== undefined && exactly !== null;
    if (isExact && firstAvailable.length > 0)
      found.push(field.invalid(at, null, `${text}, but multiple fields are set`));
    else if (isExact) exactRequest(judged)(exactly, child(at, "exactly"), found);
    else if (firstAvailable.length > 0)
      limitedSet(mostAlternatives, alternative(judged), (each) => each.name ?? "")(
        firstAvailable,
        child(at, "firstAvailable"),
        found,
      );
    else found.push(field.required(at, text));
  };

const constraint =
  (names: RequestNames, { featureEnabled }: Judged): Check<DeviceConstraint> =>
  ({ requests, matchAttribute, distinctAttribute }, at, found) => {
    requestReferences(names)(requests, child(at, "requests"), found);
    if (matchAttribute !== undefined) fullyQualifiedName(matchAttribute, child(at, "matchAttribute"), found);
    else if (distinctAttribute !== undefined)
      fullyQualifiedName(distinctAttribute, child(at, "distinctAttribute"), found);
    else if (featureEnabled("DRAConsumableCapacity"))
      found.push(
        field.required(
          at,
          'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
        ),
      );
    else found.push(field.required(child(at, "matchAttribute")));
  };

const claimConfiguration =
  (names: RequestNames, judged: Judged): Check<DeviceClaimConfiguration> =>
  (value, at, found) => {
    requestReferences(names)(value.requests, child(at, "requests"), found);
    configuration(judged)(value, at, found);
  };

export const claimSpec =
  (judged: Judged): Check<ResourceClaimSpec | undefined> =>
  (spec, at, found) => {
    const claim = spec?.devices;
    const path = child(at, "devices");
    const names = requestNames(claim);
    limitedSet(mostRequests, request(judged), (each) => each.name ?? "")(
      claim?.requests,
      child(path, "requests"),
      found,
    );
    limited(mostConstraints, constraint(names, judged))(claim?.constraints, child(path, "constraints"), found);
    limited(mostConfigurations, claimConfiguration(names, judged))(claim?.config, child(path, "config"), found);
  };

const everyRequest = (spec: ResourceClaimSpec | undefined): (ExactDeviceRequest | DeviceSubRequest)[] =>
  (spec?.devices?.requests ?? []).flatMap(({ exactly, firstAvailable }) => [
    ...(exactly ? [exactly] : []),
    ...(firstAvailable ?? []),
  ]);

export function defaultTolerations(tolerations: readonly DeviceToleration[] | undefined): void {
  for (const each of tolerations ?? []) if (!each.operator) each.operator = "Equal";
}

/** One device of each request, unless it says otherwise. */
export function defaultClaimSpec(spec: ResourceClaimSpec | undefined): void {
  for (const each of everyRequest(spec)) {
    if (!each.allocationMode) each.allocationMode = "ExactCount";
    if (each.allocationMode === "ExactCount" && !each.count) each.count = 1;
    defaultTolerations(each.tolerations);
  }
}

interface Disabled {
  readonly old: ResourceClaimSpec | undefined;
  readonly featureEnabled: (gate: string) => boolean;
}

/** Takes away what a feature that is off would need, unless the old object has it already. */
export function dropDisabledClaimFields(spec: ResourceClaimSpec | undefined, { old, featureEnabled }: Disabled): void {
  const requests = spec?.devices?.requests ?? [];
  const before = old?.devices?.requests ?? [];
  if (!featureEnabled("DRAPrioritizedList") && !before.some((each) => each.firstAvailable?.length))
    for (const each of requests) delete each.firstAvailable;
  if (!featureEnabled("DRADeviceTaints") && !everyRequest(old).some((each) => each.tolerations?.length))
    for (const each of everyRequest(spec)) delete each.tolerations;
  if (!featureEnabled("DRAAdminAccess") && !before.some((each) => each.exactly?.adminAccess !== undefined))
    for (const each of requests) delete each.exactly?.adminAccess;
  if (!featureEnabled("DRAConsumableCapacity") && !usesCapacity(old)) {
    for (const each of spec?.devices?.constraints ?? []) delete each.distinctAttribute;
    for (const each of everyRequest(spec)) delete each.capacity;
  }
}

export const usesCapacity = (spec: ResourceClaimSpec | undefined): boolean =>
  (spec?.devices?.constraints ?? []).some((each) => each.distinctAttribute !== undefined) ||
  everyRequest(spec).some((each) => each.capacity !== undefined);
