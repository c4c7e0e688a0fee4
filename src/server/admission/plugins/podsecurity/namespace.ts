// Namespaces: their labels must name levels and versions that there are, and who makes one stricter is told which of its
// pods would not be let in any more. Upstream: pod-security-admission's admission/admission.go (ValidateNamespace).
import { type Namespace, type Pod, pods } from "../../../../api/index.ts";
import { deepEqual, invalid } from "../../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost } from "../../../contract.ts";
import { draftOf } from "../../framework.ts";
import type { PodSecurityConfiguration } from "./configuration.ts";
import { reasonsText, violationsOf } from "./evaluate.ts";
import {
  compareLevels,
  equivalent,
  fullyPrivileged,
  type LevelVersion,
  labelPrefix,
  modes,
  type Policy,
  policyOf,
  policyText,
  samePolicy,
} from "./policy.ts";

const mostPods = 3000;
const mostMs = 1000;

type Host = Pick<AdmissionHost, "reader" | "clock">;

/** Throws 422 for labels that are wrong; warns about what gets stricter. */
export function checkNamespace(
  host: Host,
  configuration: PodSecurityConfiguration,
  attributes: AdmissionAttributes,
): void {
  const { defaults, exemptions } = configuration;
  const { metadata } = draftOf<Namespace>(attributes);
  const now = policyOf(metadata.labels, defaults);
  const refuse = (): never => {
    throw invalid({ group: "", kind: "Namespace" }, attributes.name, now.errors);
  };
  const exempt = exemptions.namespaces.includes(attributes.name);
  if (attributes.operation === "CREATE") {
    if (now.errors.length > 0) refuse();
    if (exempt) warnExempt(attributes, now.policy, defaults);
    return;
  }
  const before = policyOf(attributes.oldObject?.metadata.labels, defaults);
  if (now.errors.length > 0 && !deepEqual(now.errors, before.errors)) refuse();
  const [enforce, was] = [now.policy.enforce, before.policy.enforce];
  if (samePolicy(enforce, was) || enforce.level === "privileged") return;
  if (enforce.version === was.version && compareLevels(enforce.level, was.level) < 1) return;
  if (exempt) warnExempt(attributes, now.policy, defaults);
  else
    for (const text of podWarnings(host, configuration, { namespace: metadata.name, enforce })) attributes.warn(text);
}

function warnExempt(attributes: AdmissionAttributes, policy: Policy, defaults: Policy): void {
  if (fullyPrivileged(policy) || equivalent(policy, defaults)) return;
  const { name, labels = {} } = draftOf<Namespace>(attributes).metadata;
  const asked = modes.filter(
    (mode) =>
      policy[mode].level !== "privileged" &&
      (labels[labelPrefix + mode] !== undefined || labels[`${labelPrefix + mode}-version`] !== undefined),
  );
  const shown = asked.map((mode) => `${mode}=${policyText(policy[mode])}`).join(", ");
  attributes.warn(`namespace "${name}" is exempt from Pod Security, and the policy (${shown}) will be ignored`);
}

interface Wanted {
  readonly namespace: string;
  readonly enforce: LevelVersion;
}

/** What the pods that are there have against a new policy, one line per set of reasons. */
function podWarnings(
  { reader, clock }: Host,
  { exemptions }: PodSecurityConfiguration,
  { namespace, enforce }: Wanted,
): string[] {
  const all = inOrder(
    reader
      .list<Pod>(pods, namespace)
      .filter(({ spec }) => !exemptions.runtimeClasses.includes(spec.runtimeClassName ?? "")),
  );
  const untilMs = clock.monotonic() + mostMs;
  const named = new Map<string, string[]>();
  let checked = 0;
  for (const pod of all.slice(0, mostPods)) {
    const found = violationsOf(enforce, pod);
    checked++;
    if (found.length > 0) {
      const text = reasonsText(found);
      named.set(text, [...(named.get(text) ?? []), pod.metadata.name]);
    }
    if (clock.monotonic() > untilMs) break;
  }
  const lines = [...named].map(([text, names]) => `${podNames(names)}: ${text}`).sort();
  return [
    ...(checked < all.length
      ? [`new PodSecurity enforce level only checked against the first ${checked} of ${all.length} existing pods`]
      : []),
    ...(lines.length > 0
      ? [`existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${policyText(enforce)}"`]
      : []),
    ...lines,
  ];
}

function podNames(names: readonly string[]): string {
  const first = [...names].sort()[0]!;
  if (names.length === 1) return first;
  return `${first} (and ${names.length - 1} other ${names.length === 2 ? "pod" : "pods"})`;
}

/** One pod of every controller before the others of it: they are alike. */
function inOrder(list: readonly Pod[]): readonly Pod[] {
  const seen = new Set<string>();
  const [first, rest]: [Pod[], Pod[]] = [[], []];
  for (const pod of list) {
    const controller = pod.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid;
    if (controller !== undefined && seen.has(controller)) rest.push(pod);
    else first.push(pod);
    if (controller !== undefined) seen.add(controller);
  }
  return [...first, ...rest];
}
