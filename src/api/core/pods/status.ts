// Rules of writes to a pod's status. Upstream: ValidatePodStatusUpdate.
import type { Container, ContainerStatus, Pod, PodCondition, PodSpec } from "../../../../facts/types/core.v1.ts";
import { dns1123Subdomain, type FieldError, field, qualifiedName } from "../../../machinery/index.ts";
import type { RuleContext } from "../../kind.ts";
import { isDualStack, legacyIp, parseIp } from "../../lib/formats/ip.ts";
import { type Check, child, findings, immutable, item, named, unlessKept, worthChecking } from "../../lib/validate.ts";
import { allocatedResources, claimStatuses, extendedClaim, users } from "./status-parts.ts";
import { keptAnnotations } from "./validate.ts";
import { volumeStatuses } from "./volume-statuses.ts";

const systemConditions: ReadonlySet<string> = new Set(["PodScheduled", "Ready", "Initialized"]);

const conditions: Check<readonly PodCondition[] | undefined> = (list = [], at, found) => {
  for (const [index, { type, observedGeneration = 0 }] of worthChecking(list, found)) {
    if (observedGeneration < 0)
      found.push(
        field.invalid(
          child(item(at, index), "observedGeneration"),
          observedGeneration,
          "must be a non-negative integer",
        ),
      );
    if (!systemConditions.has(type)) named(qualifiedName)(type, child(item(at, index), "Type"), found);
  }
};

/** Whether a container that ended like this is started again (KEP-5307). */
function restarts(container: Container, spec: PodSpec, exitCode: number): boolean {
  for (const { exitCodes } of container.restartPolicyRules ?? []) {
    const listed = exitCodes?.values?.includes(exitCode) ?? false;
    if (exitCodes !== undefined && (exitCodes.operator === "In" ? listed : !listed)) return true;
  }
  const policy = container.restartPolicy ?? spec.restartPolicy;
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

/** One container that ends may restart all others with it. */
const mayRestartAll = (spec: PodSpec): boolean =>
  [...(spec.containers ?? []), ...(spec.initContainers ?? [])].some((container) =>
    container.restartPolicyRules?.some((rule) => rule.action === "RestartAllContainers"),
  );

interface Transition {
  readonly before: readonly ContainerStatus[] | undefined;
  readonly containers: readonly Container[] | undefined;
  readonly spec: PodSpec;
}

const transitions =
  ({ before = [], containers = [], spec }: Transition): Check<readonly ContainerStatus[] | undefined> =>
  (now = [], at, found) => {
    for (const [index, old] of worthChecking(before, found)) {
      const ended = old.state?.terminated;
      if (ended === undefined) continue;
      const status = now.find(({ name }) => name === old.name);
      if (status === undefined || status.state?.terminated !== undefined) continue;
      const container = containers.find(({ name }) => name === old.name);
      if (container === undefined || !restarts(container, spec, ended.exitCode ?? 0))
        found.push(field.forbidden(child(item(at, index), "state"), "may not be transitioned to non-terminated state"));
    }
  };

const allTransitions =
  (old: Pod): Check<Pod> =>
  ({ status }, at, found) => {
    const spec = old.spec as PodSpec;
    if (!mayRestartAll(spec)) {
      const regular = { before: old.status?.containerStatuses, containers: spec.containers, spec };
      transitions(regular)(status?.containerStatuses, child(at, "containerStatuses"), found);
      const init = { before: old.status?.initContainerStatuses, containers: spec.initContainers, spec };
      transitions(init)(status?.initContainerStatuses, child(at, "initContainerStatuses"), found);
    }
    const ephemeral = { before: old.status?.ephemeralContainerStatuses, containers: [], spec };
    transitions(ephemeral)(status?.ephemeralContainerStatuses, child(at, "ephemeralContainerStatuses"), found);
  };

type Addresses = readonly { readonly ip?: string }[] | undefined;

const addresses =
  (before: Addresses): Check<Addresses> =>
  (list = [], at, found) => {
    const texts = list.map(({ ip = "" }) => ip);
    const kept = (before ?? []).map(({ ip = "" }) => ip);
    for (const [index, ip] of worthChecking(texts, found)) unlessKept(kept, legacyIp)(ip, item(at, index), found);
    const bad = texts.findIndex((ip) => parseIp(ip) === undefined);
    if (texts.length > 1 && bad >= 0)
      found.push({
        type: "InternalError",
        field: at,
        message: `Internal error: failed to check for dual stack with error:invalid IP[${bad}]: ${texts[bad]}`,
      });
    if (texts.length > 1 && (texts.length > 2 || bad >= 0 || !isDualStack(texts)))
      found.push(
        field.invalid(
          at,
          texts.map((ip) => ({ IP: ip })),
          "may specify no more than one IP for each IP family",
        ),
      );
  };

const hostAddresses =
  (old: Pod): Check<Pod> =>
  ({ status }, at, found) => {
    const first = status?.hostIPs?.[0]?.ip;
    if (first === undefined) return;
    if (first !== (status?.hostIP ?? ""))
      found.push(field.invalid(child(at, "hostIPs[0].ip"), first, "must be equal to `hostIP`"));
    addresses(old.status?.hostIPs)(status?.hostIPs, child(at, "hostIPs"), found);
  };

const nominated =
  (old: Pod): Check<Pod> =>
  ({ status }, at, found) => {
    const name = status?.nominatedNodeName;
    if (!name || name === old.status?.nominatedNodeName) return;
    for (const text of dns1123Subdomain(name)) found.push(field.invalid(child(at, "nominatedNodeName"), name, text));
    if (old.spec?.nodeName)
      found.push(
        field.forbidden(child(at, "nominatedNodeName"), "may not be set on pods that are already bound to a node"),
      );
  };

export const validatePodStatus = (pod: Pod, old: Pod, context: RuleContext): FieldError[] =>
  findings(pod, (value, _at, found) => {
    const at = "status";
    const { status } = value;
    keptAnnotations(old)(value, "", found);
    conditions(status?.conditions, child(at, "conditions"), found);
    nominated(old)(value, at, found);
    if ((status?.observedGeneration ?? 0) < 0)
      found.push(
        field.invalid(child(at, "observedGeneration"), status?.observedGeneration, "must be a non-negative integer"),
      );
    immutable(old.status?.qosClass)(status?.qosClass, child(at, "qosClass"), found);
    allTransitions(old)(value, at, found);
    claimStatuses(value, at, found);
    extendedClaim(value, at, found);
    addresses(old.status?.podIPs)(status?.podIPs, child(at, "podIPs"), found);
    hostAddresses(old)(value, at, found);
    users(value, at, found);
    allocatedResources(value, at, found);
    volumeStatuses(context)(status, at, found);
  });

/** Writers that do not know observedGeneration do not erase it. Changes the draft's own status. */
export function keepObservedGenerations(pod: Pod, old: Pod): void {
  const { status } = pod;
  if (status === undefined) return;
  if (!status.observedGeneration && old.status?.observedGeneration)
    status.observedGeneration = old.status.observedGeneration;
  const before = new Map(Map.groupBy(old.status?.conditions ?? [], ({ type }) => type));
  if (status.conditions === undefined) return;
  status.conditions = status.conditions.map((condition) => {
    const [first, ...rest] = before.get(condition.type) ?? [];
    before.set(condition.type, rest);
    return condition.observedGeneration || !first?.observedGeneration
      ? condition
      : { ...condition, observedGeneration: first.observedGeneration };
  });
}
