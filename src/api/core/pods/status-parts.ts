// Parts of a pod's status that the kubelet and the scheduler report about devices, claims and users.
import type { Container, ContainerStatus, Pod } from "../../../../facts/types/core.v1.ts";
import { field, userId, utf8Length } from "../../../machinery/index.ts";
import {
  type Check,
  child,
  dnsLabel,
  dnsSubdomain,
  each,
  item,
  oneOf,
  optional,
  required,
  worthChecking,
} from "../../lib/validate.ts";

type Status = NonNullable<Pod["status"]>;

/** Claims that were made for spec.resourceClaims. */
export const claimStatuses: Check<Pod> = ({ spec, status }, at, found) => {
  const seen = new Set<string>();
  for (const [index, { name = "", resourceClaimName }] of worthChecking(status?.resourceClaimStatuses ?? [], found)) {
    const path = item(child(at, "resourceClaimStatuses"), index);
    if (!spec?.resourceClaims?.some((claim) => claim.name === name))
      found.push(field.invalid(child(path, "name"), name, "must match the name of an entry in `spec.resourceClaims`"));
    if (seen.has(name)) found.push(field.duplicate(child(path, "name"), name));
    seen.add(name);
    optional(dnsSubdomain)(resourceClaimName, child(path, "resourceClaimName"), found);
  }
};

export const extendedClaim: Check<Pod> = ({ spec, status }, at, found) => {
  const claim = status?.extendedResourceClaimStatus;
  if (claim === undefined) return;
  const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  const containers = new Map(all.map((container) => [container.name, container]));
  const path = child(at, "extendedResourceClaimStatus");
  const list = child(path, "requestMappings");
  const mappings = claim.requestMappings ?? [];
  if (mappings.length === 0) found.push(field.required(list, "at least one request mapping is required"));
  const seen = new Set<string>();
  for (const [index, mapping] of worthChecking(mappings, found)) {
    const { containerName = "", resourceName = "", requestName = "" } = mapping;
    const container = containers.get(containerName);
    const own = item(list, index);
    if (container === undefined)
      found.push(
        field.invalid(
          child(own, "containerName"),
          containerName,
          "must match the name of an entry in spec.initContainers.name or spec.containers.name",
        ),
      );
    else if (container.resources?.requests?.[resourceName] === undefined)
      found.push(
        field.invalid(
          child(own, "resourceName"),
          resourceName,
          "must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests",
        ),
      );
    dnsLabel(requestName, child(path, "requestName"), found);
    const key = JSON.stringify([containerName, resourceName, requestName]);
    if (seen.has(key))
      for (const [name, value] of Object.entries({ containerName, resourceName, requestName }))
        found.push(field.duplicate(child(own, name), value));
    seen.add(key);
  }
  required(dnsSubdomain)(claim.resourceClaimName, child(path, "resourceClaimName"), found);
};

const id: Check<number | undefined> = (value = 0, at, found) => {
  for (const text of userId(value)) found.push(field.invalid(at, value, text));
};

const lists = [
  ["containerStatuses", "containers"],
  ["initContainerStatuses", "initContainers"],
  ["ephemeralContainerStatuses", undefined],
] as const;

/** Users that the containers run as. */
export const users: Check<Pod> = ({ spec, status }, at, found) => {
  const windows = spec?.os?.name === "windows";
  for (const [list] of lists)
    for (const [index, { user }] of worthChecking(status?.[list] ?? [], found)) {
      const linux = user?.linux;
      if (linux === undefined) continue;
      const path = child(item(child(at, list), index), "user.linux");
      if (windows) found.push(field.forbidden(path, "cannot be set for a windows pod"));
      else {
        id(linux.uid, child(path, "uid"), found);
        id(linux.gid, child(path, "gid"), found);
        each(id)(linux.supplementalGroups, child(path, "supplementalGroups"), found);
      }
    }
};

type Allocated = NonNullable<ContainerStatus["allocatedResourcesStatus"]>[number];
const longestMessageBytes = 4096;

const health: Check<Allocated> = ({ resources = [] }, at, found) => {
  const seen = new Set<string>();
  for (const [index, resource] of worthChecking(resources, found)) {
    const path = item(child(at, "resources"), index);
    oneOf("Healthy", "Unhealthy", "Unknown")(resource.health, child(path, "health"), found);
    const { message } = resource as { message?: string };
    if (message === "") found.push(field.required(child(path, "message"), "must be non-empty if specified"));
    else if (utf8Length(message ?? "") > longestMessageBytes)
      found.push(field.tooLong(child(path, "message"), longestMessageBytes));
    if (seen.has(resource.resourceID))
      found.push(field.duplicate(child(path, "resourceID"), resource.resourceID ?? ""));
    seen.add(resource.resourceID);
  }
};

/** Whether the container asked for what it is said to have got. */
function asked(container: Container, name: string): string | undefined {
  if (!name.startsWith("claim:"))
    return container.resources?.requests?.[name] === undefined
      ? "must match one of the container's resource requests"
      : undefined;
  const claims = (container.resources?.claims ?? []).map(({ name: claim, request }) =>
    request ? `claim:${claim}/${request}` : `claim:${claim}`,
  );
  return claims.includes(name)
    ? undefined
    : "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
}

export const allocatedResources: Check<Pod> = ({ spec, status }, at, found) => {
  for (const [list, containers] of lists)
    for (const [index, container] of worthChecking((status?.[list] ?? []) as Status["containerStatuses"] & {}, found)) {
      const path = child(item(child(at, list), index), "allocatedResourcesStatus");
      const allocated = container.allocatedResourcesStatus ?? [];
      if (containers === undefined) {
        if (allocated.length > 0) found.push(field.forbidden(path, "must not be specified in container status"));
        continue;
      }
      const own = spec?.[containers]?.find(({ name }) => name === container.name);
      for (const [number, resource] of worthChecking(allocated, found)) {
        const problem = own === undefined ? undefined : asked(own, resource.name ?? "");
        if (problem !== undefined)
          found.push(field.invalid(child(item(path, number), "name"), resource.name ?? "", problem));
        health(resource, item(path, number), found);
      }
    }
};
