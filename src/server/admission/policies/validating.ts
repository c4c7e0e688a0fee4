// Holds a request against validating policies. Upstream: admission/plugin/policy/validating/{dispatcher,validator}.go.
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from "../../../api/index.ts";
import { goJson, type KubeObject, StatusError } from "../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost } from "../../contract.ts";
import { countValidation } from "../dynamic/metrics.ts";
import type { Match } from "../dynamic/rules.ts";
import { type VersionedObject, versioned } from "../dynamic/versions.ts";
import { refuse } from "../framework.ts";
import { collectAnnotations } from "./audit-annotations.ts";
import { evaluatePolicy, type PolicyOutcome } from "./evaluate.ts";
import { matchConstraints } from "./matching.ts";
import { namespaceOf } from "./namespace.ts";
import { ConfigurationError, collectParams } from "./params.ts";
import type { Candidate } from "./source.ts";

type ValidatingCandidate = Candidate<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>;

interface Denial {
  readonly policy: string;
  /** Absent when the policy itself can not be used. */
  readonly binding?: string;
  readonly message: string;
  readonly reason: string;
}

export async function validateByPolicies(
  host: AdmissionHost,
  attributes: AdmissionAttributes,
  candidates: readonly ValidatingCandidate[],
): Promise<void> {
  const denials: Denial[] = [];
  for (const candidate of candidates) denials.push(...(await denialsOf(host, attributes, candidate)));
  const [first] = denials;
  if (first !== undefined) throw denied(attributes, first);
}

const codes: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413 };

function denied(attributes: AdmissionAttributes, { policy, binding, message, reason }: Denial): StatusError {
  const by = binding === undefined ? "" : ` with binding '${binding}'`;
  const text = `ValidatingAdmissionPolicy '${policy}'${by} denied request: ${message}`;
  const { status } = refuse(attributes, text);
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...rest } = status;
  return new StatusError({
    ...rest,
    code: codes[reason] ?? 422,
    reason: reason === "" ? "Invalid" : reason,
    details: { ...status.details, causes: [...(status.details?.causes ?? []), { message: text }] },
  } as ConstructorParameters<typeof StatusError>[0]);
}

async function denialsOf(
  host: AdmissionHost,
  attributes: AdmissionAttributes,
  candidate: ValidatingCandidate,
): Promise<Denial[]> {
  const { policy, bindings, constraints, request, params } = candidate;
  const name = policy.metadata.name;
  const denials: Denial[] = [];
  const misconfigured = (error: unknown, binding?: string): void => {
    const message = messageOf(error);
    if (policy.spec.failurePolicy === "Ignore") return;
    const what = binding === undefined ? "policy" : "binding";
    denials.push({
      policy: name,
      ...(binding === undefined ? {} : { binding }),
      message: `failed to configure ${what}: ${message}`,
      reason: "Invalid",
    });
  };
  let match: Match | undefined;
  try {
    match = await matchConstraints(host, constraints, { attributes, request });
  } catch (error) {
    misconfigured(error);
    return denials;
  }
  if (match === undefined) return denials;
  if (typeof params === "string") {
    misconfigured(new ConfigurationError(params));
    return denials;
  }
  const matched = match;
  let view: Promise<VersionedObject> | undefined;
  const objects = (): Promise<VersionedObject> => (view ??= versioned(attributes, matched.kind, host.catalog));
  const annotations = collectAnnotations(name, attributes);
  for (const { binding, constraints: own } of bindings) {
    const bindingName = binding.metadata.name;
    let found: readonly (KubeObject | undefined)[];
    try {
      if (own !== undefined && (await matchConstraints(host, own, { attributes, request })) === undefined) continue;
      const { namespace } = attributes;
      found = await collectParams(host, { resource: params, reference: binding.spec.paramRef, namespace });
    } catch (error) {
      misconfigured(error, bindingName);
      continue;
    }
    if (found.length === 0) continue;
    const namespace = await namespaceOf(attributes, host.reader);
    for (const param of found) {
      const context = { attributes, match, objects: await objects(), param, namespace };
      const beganMs = host.clock.monotonic();
      const outcome = await evaluatePolicy(host, policy, context);
      const durationMs = host.clock.monotonic() - beganMs;
      denials.push(...takeActions(host, attributes, { policy, binding, outcome, durationMs }));
      for (const { key, value } of outcome.annotations) annotations.add(key, value);
    }
  }
  annotations.publish();
  return denials;
}

/** Errors that no policy stands for go on as they are. */
function messageOf(error: unknown): string {
  if (error instanceof ConfigurationError || error instanceof StatusError) return error.message;
  throw error;
}

interface Judged {
  readonly policy: ValidatingAdmissionPolicy;
  readonly binding: ValidatingAdmissionPolicyBinding;
  readonly outcome: PolicyOutcome;
  readonly durationMs: number;
}

const actionsCounted: Readonly<Record<string, "deny" | "audit" | "warn">> = {
  Deny: "deny",
  Audit: "audit",
  Warn: "warn",
};

/** What the binding wants done with each decision against the request. */
function takeActions(host: AdmissionHost, attributes: AdmissionAttributes, judged: Judged): Denial[] {
  const { policy, binding, outcome, durationMs } = judged;
  const at = { policy: policy.metadata.name, binding: binding.metadata.name };
  const denials: Denial[] = [];
  for (const [index, decision] of outcome.decisions.entries()) {
    if (decision === undefined) continue;
    const { message, reason } = decision;
    for (const action of binding.spec.validationActions ?? []) {
      const counted = actionsCounted[action];
      if (counted !== undefined)
        countValidation(host, counted, { policy: at.policy, binding: at.binding, message, durationMs });
      if (action === "Deny") denials.push({ ...at, message, reason });
      else if (action === "Warn")
        attributes.warn(
          `Validation failed for ValidatingAdmissionPolicy '${at.policy}' with binding '${at.binding}': ${message}`,
        );
      else
        attributes.annotate(
          "validation.policy.admission.k8s.io/validation_failure",
          goJson([
            {
              message,
              policy: binding.spec.policyName,
              binding: at.binding,
              expressionIndex: index,
              validationActions: binding.spec.validationActions,
            },
          ]),
        );
    }
  }
  for (const message of outcome.annotationErrors) denials.push({ ...at, message, reason: "Invalid" });
  return denials;
}
