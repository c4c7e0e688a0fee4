// What the checks of the Pod Security Standards share: the containers of a pod and the words about them.
import type { Container, PodSpec } from "../../../../api/index.ts";

/** What a check reads: a pod, or the template of one. */
export interface PodLike {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

/** Why a pod is not allowed: in short, and with names and values. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

export type Check = (pod: PodLike) => Violation | undefined;

/** The fields that checks read, which ephemeral containers have too. */
export type CheckedContainer = Pick<
  Container,
  "name" | "securityContext" | "ports" | "livenessProbe" | "readinessProbe" | "startupProbe" | "lifecycle"
>;

export const containersOf = ({
  initContainers = [],
  containers = [],
  ephemeralContainers = [],
}: PodSpec): readonly CheckedContainer[] => [...initContainers, ...containers, ...ephemeralContainers];

export const quoted = (items: Iterable<string>): string => [...items].map((item) => `"${item}"`).join(", ");
export const sorted = (items: Iterable<string>): string[] => [...new Set(items)].sort();
export const plural = (count: number, one: string, many = `${one}s`): string => (count === 1 ? one : many);
/** `container "a"`, `containers "a", "b"`. */
export const containerNames = (names: readonly string[]): string =>
  `${plural(names.length, "container")} ${quoted(names)}`;
/** Who set a bad value: the pod, containers, or both. */
export const setters = (pod: boolean, names: readonly string[]): string =>
  [...(pod ? ["pod"] : []), ...(names.length > 0 ? [containerNames(names)] : [])].join(" and ");

export const namesWhere = (spec: PodSpec, bad: (container: CheckedContainer) => boolean): string[] =>
  containersOf(spec)
    .filter(bad)
    .map((container) => container.name);

export const isWindows = ({ spec }: PodLike): boolean => spec.os?.name === "windows";
/** Root in a user namespace is nobody outside it. */
export const inUserNamespace = ({ spec }: PodLike): boolean => spec.hostUsers === false;
/** The check, passed by pods that `when` is true of. */
export const unless =
  (when: (pod: PodLike) => boolean, check: Check): Check =>
  (pod) =>
    when(pod) ? undefined : check(pod);
