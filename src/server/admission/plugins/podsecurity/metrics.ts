// Evaluations, exemptions and errors by upstream's names. Upstream: pod-security-admission's metrics.
import { Counter, type MetricRegistry } from "../../../../base/index.ts";
import type { AdmissionAttributes } from "../../../contract.ts";
import { type LevelVersion, latest, type Mode, versionText } from "./policy.ts";

export interface PodSecurityMetrics {
  evaluation(attributes: AdmissionAttributes, result: Evaluation): void;
  exemption(attributes: AdmissionAttributes): void;
  /** `fatal`: the request was not evaluated at all. */
  error(attributes: AdmissionAttributes, failure: { readonly fatal: boolean }): void;
}

interface Evaluation {
  readonly mode: Mode;
  readonly policy: LevelVersion;
  readonly allowed: boolean;
}

/** The server's own minor: a policy of a later one is the same policy under a name that is not known yet. */
const serverMinor = 36;

export function createPodSecurityMetrics(registry: MetricRegistry | undefined): PodSecurityMetrics {
  if (registry === undefined) return { evaluation() {}, exemption() {}, error() {} };
  const evaluations = registry.register(
    new Counter({
      name: "pod_security_evaluations_total",
      help: "Number of policy evaluations that occurred, not counting ignored or exempt requests.",
      labelNames: [
        "decision",
        "mode",
        "policy_level",
        "policy_version",
        "request_operation",
        "resource",
        "subresource",
      ],
      stability: "ALPHA",
    }),
  );
  const exemptions = registry.register(
    new Counter({
      name: "pod_security_exemptions_total",
      help: "Number of exempt requests, not counting ignored or out of scope requests.",
      labelNames: ["request_operation", "resource", "subresource"],
      stability: "ALPHA",
    }),
  );
  const errors = registry.register(
    new Counter({
      name: "pod_security_errors_total",
      help: "Number of errors preventing normal evaluation. Non-fatal errors may result in the latest restricted profile being used for evaluation.",
      labelNames: ["fatal", "request_operation", "resource", "subresource"],
      stability: "ALPHA",
    }),
  );
  for (const operation of ["create", "update"]) {
    evaluations.inc(
      {
        decision: "allow",
        mode: "enforce",
        policy_level: "privileged",
        policy_version: "latest",
        request_operation: operation,
        resource: "pod",
      },
      0,
    );
    for (const resource of ["controller", "pod"]) exemptions.inc({ request_operation: operation, resource }, 0);
  }
  return {
    evaluation: (attributes, { mode, policy, allowed }) =>
      evaluations.inc({
        ...labelsOf(attributes),
        decision: allowed ? "allow" : "deny",
        mode,
        policy_level: policy.level,
        policy_version: shownVersion(policy),
      }),
    exemption: (attributes) => exemptions.inc(labelsOf(attributes)),
    error: (attributes, { fatal }) => errors.inc({ ...labelsOf(attributes), fatal: String(fatal) }),
  };
}

const labelsOf = ({ operation, kind, subresource }: AdmissionAttributes) => ({
  request_operation: operation.toLowerCase(),
  resource: kind.resource === "pods" ? "pod" : kind.resource === "namespaces" ? "namespace" : "controller",
  subresource,
});

function shownVersion({ level, version }: LevelVersion): string {
  if (level === "privileged" || version === latest) return "latest";
  return version > serverMinor ? "future" : versionText(version);
}
