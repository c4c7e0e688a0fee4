// Questions about a pod's spec that many parts of the kubelet ask. Upstream: pkg/api/v1/pod, pkg/kubelet/container/helpers.go, types/pod_update.go.
import type { Container, ContainerStatus, EphemeralContainer, Pod, PodSpec } from "../api/index.ts";

export const podUid = (pod: Pod): string => pod.metadata.annotations?.["kubernetes.io/config.hash"] ?? pod.metadata.uid;

/** `name_namespace(uid)`: how upstream names a pod in messages. */
export const podText = (pod: Pod): string => `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;

export const configSource = "kubernetes.io/config.source";
export const seenAnnotation = "kubernetes.io/config.seen";
export const mirrorAnnotation = "kubernetes.io/config.mirror";
/** From a file of this node, not from the API. */
export const isStaticPod = (pod: Pod): boolean => {
  const source = pod.metadata.annotations?.[configSource];
  return source !== undefined && source !== "api";
};
export const isMirrorPod = (pod: Pod): boolean => pod.metadata.annotations?.[mirrorAnnotation] !== undefined;

/** A sidecar: an init container that stays. */
export const isRestartableInit = (container: Container): boolean => container.restartPolicy === "Always";
export const hasRestartableInit = (pod: Pod): boolean => pod.spec.initContainers?.some(isRestartableInit) === true;

export const isHostNetwork = (pod: Pod): boolean => pod.spec.hostNetwork === true;

export const initContainers = (pod: Pod): readonly Container[] => pod.spec.initContainers ?? [];
export const ephemeralContainers = (pod: Pod): readonly EphemeralContainer[] => pod.spec.ephemeralContainers ?? [];

export type ContainerKind = "container" | "init" | "ephemeral";

export interface NamedContainer {
  readonly kind: ContainerKind;
  readonly container: Container;
}

/** Init containers, containers, ephemeral containers. */
export function allContainers(pod: Pod): NamedContainer[] {
  return [
    ...initContainers(pod).map((container) => ({ kind: "init" as const, container })),
    ...pod.spec.containers.map((container) => ({ kind: "container" as const, container })),
    ...ephemeralContainers(pod).map((container) => ({ kind: "ephemeral" as const, container })),
  ];
}

export const findContainer = (pod: Pod, name: string): NamedContainer | undefined =>
  allContainers(pod).find((each) => each.container.name === name);

const fieldNames: Readonly<Record<ContainerKind, string>> = {
  container: "containers",
  init: "initContainers",
  ephemeral: "ephemeralContainers",
};
/** `spec.containers{app}`: fieldPath of events about a container. */
export const containerFieldPath = ({ kind, container }: NamedContainer): string =>
  `spec.${fieldNames[kind]}{${container.name}}`;

/** Whether a container that ended with this code runs again, by its own rules, then its own policy, then the pod's (KEP-5307). */
export function restartsAfterExit(container: Container, spec: PodSpec, exitCode: number): boolean {
  for (const rule of container.restartPolicyRules ?? [])
    if (matchesRule(rule, exitCode)) return rule.action === "Restart" || rule.action === "RestartAllContainers";
  const policy = container.restartPolicy ?? spec.restartPolicy ?? "Always";
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

type Rule = NonNullable<Container["restartPolicyRules"]>[number];
function matchesRule(rule: Rule, exitCode: number): boolean {
  const { exitCodes } = rule;
  if (exitCodes === undefined) return false;
  const listed = exitCodes.values?.includes(exitCode) === true;
  return exitCodes.operator === "In" ? listed : exitCodes.operator === "NotIn" && !listed;
}

const ruleOfRestartAll = (container: Container): boolean =>
  container.restartPolicyRules?.some((rule) => rule.action === "RestartAllContainers") === true;
export const mayRestartAll = (pod: Pod): boolean =>
  [...initContainers(pod), ...pod.spec.containers].some(ruleOfRestartAll);

/** True when an exit with this code asks for a restart of the whole pod in place. */
export function asksRestartAll(container: Container, exitCode: number): boolean {
  const rule = container.restartPolicyRules?.find((each) => matchesRule(each, exitCode));
  return rule?.action === "RestartAllContainers";
}

export const findStatus = (
  statuses: readonly ContainerStatus[] | undefined,
  name: string,
): ContainerStatus | undefined => statuses?.find((each) => each.name === name);

export const isTerminalPhase = (phase: string | undefined): boolean => phase === "Succeeded" || phase === "Failed";

/** Whether a read-only mount covers the mounts below it (KEP-3857). */
export const recursiveReadOnly = (mount: { readonly recursiveReadOnly?: string }, supported: boolean): boolean =>
  mount.recursiveReadOnly === "Enabled" || (mount.recursiveReadOnly === "IfPossible" && supported);
