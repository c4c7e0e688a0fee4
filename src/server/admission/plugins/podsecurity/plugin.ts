// The Pod Security Standards, by labels of the namespace: pods that violate its level are refused; pods and what makes them
// are warned about and noted in the audit log. Upstream: plugin/pkg/admission/security/podsecurity, k8s.io/pod-security-admission.
import { type Namespace, namespaces, type Pod, type PodSpec, pods } from "../../../../api/index.ts";
import { forbidden, internalError, type KubeObject } from "../../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf, isMain } from "../../framework.ts";
import { type PodSecurityConfiguration, readConfiguration } from "./configuration.ts";
import { detailsText, violationsOf } from "./evaluate.ts";
import { createPodSecurityMetrics, type PodSecurityMetrics } from "./metrics.ts";
import { checkNamespace } from "./namespace.ts";
import { fullyPrivileged, type LevelVersion, labelPrefix, policyOf, policyText, samePolicy } from "./policy.ts";
import type { PodLike, Violation } from "./text.ts";

/** Subresources of pods that do not change what runs. */
const harmless: ReadonlySet<string> = new Set([
  "exec",
  "attach",
  "binding",
  "eviction",
  "log",
  "portforward",
  "proxy",
  "status",
]);

const controllers: ReadonlySet<string> = new Set([
  "/replicationcontrollers",
  "/podtemplates",
  "apps/replicasets",
  "apps/deployments",
  "apps/statefulsets",
  "apps/daemonsets",
  "batch/jobs",
  "batch/cronjobs",
]);

interface Room {
  readonly host: AdmissionHost;
  readonly configuration: PodSecurityConfiguration;
  readonly metrics: PodSecurityMetrics;
}

export function createPodSecurity(host: AdmissionHost): AdmissionPlugin {
  const configuration = readConfiguration(host.pluginConfiguration?.("PodSecurity"));
  const room: Room = { host, configuration, metrics: createPodSecurityMetrics(host.metrics) };
  return {
    name: "PodSecurity",
    handles: (attributes) =>
      (attributes.operation === "CREATE" || attributes.operation === "UPDATE") &&
      (isMain(attributes, namespaces) || isPod(attributes) || isController(attributes)),
    validate(attributes) {
      if (attributes.kind.resource === "namespaces") checkNamespace(host, configuration, attributes);
      else if (isPod(attributes)) checkPod(room, attributes);
      else checkController(room, attributes);
    },
  };
}

const isPod = ({ kind, subresource }: AdmissionAttributes): boolean =>
  kind.group === pods.group && kind.resource === pods.resource && !harmless.has(subresource);
const isController = ({ kind, subresource }: AdmissionAttributes): boolean =>
  subresource === "" && controllers.has(`${kind.group}/${kind.resource}`);

const annotate = (attributes: AdmissionAttributes, key: string, value: string): void =>
  attributes.annotate(labelPrefix + key, value);

function isExempt({ configuration: { exemptions }, metrics }: Room, attributes: AdmissionAttributes): boolean {
  const reason = exemptions.namespaces.includes(attributes.namespace)
    ? "namespace"
    : exemptions.usernames.includes(attributes.user.username)
      ? "user"
      : undefined;
  if (reason === undefined) return false;
  metrics.exemption(attributes);
  annotate(attributes, "exempt", reason);
  return true;
}

const policyOfNamespace = ({ configuration }: Room, namespace: Namespace) =>
  policyOf(namespace.metadata.labels, configuration.defaults);

function checkPod(room: Room, attributes: AdmissionAttributes): void {
  if (isExempt(room, attributes)) return;
  const namespace = room.host.reader.get<Namespace>(namespaces, "", attributes.namespace);
  if (namespace === undefined) {
    room.metrics.error(attributes, { fatal: true });
    throw internalError(`failed to lookup namespace ${JSON.stringify(attributes.namespace)}`);
  }
  const { policy, errors } = policyOfNamespace(room, namespace);
  if (errors.length === 0 && fullyPrivileged(policy)) {
    annotate(attributes, "enforce-policy", "privileged:latest");
    room.metrics.evaluation(attributes, { mode: "enforce", policy: policy.enforce, allowed: true });
    return;
  }
  const pod = draftOf<Pod>(attributes);
  if (attributes.operation === "UPDATE" && !changesImages(pod, attributes.oldObject as Pod)) return;
  evaluate(room, attributes, { pod, namespace, enforced: true });
}

/** Of what can change in a running pod, images and added containers alone matter to the checks. */
function changesImages({ spec }: Pod, { spec: old }: Pod): boolean {
  const differs = (now: readonly { image?: string }[] = [], before: readonly { image?: string }[] = []): boolean =>
    now.length !== before.length || now.some((each, index) => each.image !== before[index]!.image);
  if (differs(spec.containers, old.containers) || differs(spec.initContainers, old.initContainers)) return true;
  return (spec.ephemeralContainers ?? []).some(
    ({ name, image }) => old.ephemeralContainers?.find((each) => each.name === name)?.image !== image,
  );
}

interface Templated extends KubeObject {
  readonly template?: PodTemplate;
  readonly spec?: {
    readonly template?: PodTemplate;
    readonly jobTemplate?: { readonly spec?: { template?: PodTemplate } };
  };
}
interface PodTemplate {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: PodSpec;
}

function templateOf({ template, spec }: Templated): PodLike | undefined {
  const found = template ?? spec?.template ?? spec?.jobTemplate?.spec?.template;
  return found?.spec === undefined ? undefined : (found as PodLike);
}

function checkController(room: Room, attributes: AdmissionAttributes): void {
  if (isExempt(room, attributes)) return;
  const namespace = room.host.reader.get<Namespace>(namespaces, "", attributes.namespace);
  if (namespace === undefined) {
    room.metrics.error(attributes, { fatal: true });
    const { namespace: name } = attributes;
    annotate(attributes, "error", `failed to lookup namespace "${name}": namespaces "${name}" not found`);
    return;
  }
  const { policy, errors } = policyOfNamespace(room, namespace);
  if (errors.length === 0 && policy.warn.level === "privileged" && policy.audit.level === "privileged") return;
  const pod = templateOf(draftOf<Templated>(attributes));
  if (pod !== undefined) evaluate(room, attributes, { pod, namespace, enforced: false });
}

interface Subject {
  readonly pod: PodLike;
  readonly namespace: Namespace;
  readonly enforced: boolean;
}

/** Throws 403 when the level that is enforced is violated; then there is no warning besides. */
function evaluate(room: Room, attributes: AdmissionAttributes, { pod, namespace, enforced }: Subject): void {
  const { metrics, configuration } = room;
  if (configuration.exemptions.runtimeClasses.includes(pod.spec.runtimeClassName ?? "")) {
    metrics.exemption(attributes);
    annotate(attributes, "exempt", "runtimeClass");
    return;
  }
  const { policy, errors } = policyOfNamespace(room, namespace);
  if (errors.length > 0) {
    const texts = errors.map((error) => `${error.field}: ${error.message}`);
    const shown = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
    annotate(attributes, "error", `Failed to parse policy: ${shown}`);
    metrics.error(attributes, { fatal: false });
  }
  const find = (asked: LevelVersion, known?: Found): Found =>
    known !== undefined && samePolicy(known.policy, asked) ? known : { policy: asked, found: violationsOf(asked, pod) };
  const enforce = enforced ? find(policy.enforce) : undefined;
  const refused = enforce !== undefined && enforce.found.length > 0;
  if (enforce !== undefined) {
    annotate(attributes, "enforce-policy", policyText(policy.enforce));
    metrics.evaluation(attributes, { mode: "enforce", policy: policy.enforce, allowed: !refused });
  }
  const audit = find(policy.audit, enforce);
  if (audit.found.length > 0) {
    annotate(attributes, "audit-violations", `would violate ${sentence(audit)}`);
    metrics.evaluation(attributes, { mode: "audit", policy: policy.audit, allowed: false });
  }
  if (refused) {
    const { group, resource } = attributes.kind;
    throw forbidden({ group, resource }, attributes.name, `violates ${sentence(enforce)}`);
  }
  const warn = find(policy.warn, samePolicy(audit.policy, policy.warn) ? audit : enforce);
  if (warn.found.length > 0) {
    attributes.warn(`would violate ${sentence(warn)}`);
    metrics.evaluation(attributes, { mode: "warn", policy: policy.warn, allowed: false });
  }
}

interface Found {
  readonly policy: LevelVersion;
  readonly found: readonly Violation[];
}

const sentence = ({ policy, found }: Found): string => `PodSecurity "${policyText(policy)}": ${detailsText(found)}`;
