// How webhooks and policies are counted, under upstream's names. They come into being when the first of them is called.
// Upstream: apiserver/pkg/admission/metrics, admission/plugin/policy/{validating,mutating}/metrics.
import { Counter, Histogram, type MetricRegistry } from "../../../base/index.ts";
import { StatusError } from "../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost } from "../../contract.ts";
import { CallFailure } from "../webhooks/failure.ts";

interface DynamicMetrics {
  readonly webhookSeconds: Histogram;
  readonly webhookRequests: Counter;
  readonly webhookRejections: Counter;
  readonly webhookFailOpen: Counter;
  readonly validatingChecks: Counter;
  readonly validatingSeconds: Histogram;
  readonly mutatingChecks: Counter;
  readonly mutatingSeconds: Histogram;
}

const made = new WeakMap<MetricRegistry, DynamicMetrics>();

export function dynamicMetrics({ metrics: registry }: Pick<AdmissionHost, "metrics">): DynamicMetrics | undefined {
  if (registry === undefined) return undefined;
  let metrics = made.get(registry);
  if (metrics === undefined) made.set(registry, (metrics = create(registry)));
  return metrics;
}

const codeNote = "Codes greater than 600 are truncated to 600, to keep the metrics cardinality bounded.";
const policyBounds = [0.0000005, 0.001, 0.01, 0.1, 1];

function create(registry: MetricRegistry): DynamicMetrics {
  return { ...createWebhookMetrics(registry), ...createPolicyMetrics(registry) };
}

type WebhookMetric = "webhookSeconds" | "webhookRequests" | "webhookRejections" | "webhookFailOpen";

function createWebhookMetrics(registry: MetricRegistry): Pick<DynamicMetrics, WebhookMetric> {
  const webhookSeconds = new Histogram(
    {
      name: "apiserver_admission_webhook_admission_duration_seconds",
      help: "Admission webhook latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).",
      labelNames: ["name", "operation", "rejected", "type"],
      stability: "STABLE",
    },
    [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25],
  );
  const webhookRequests = new Counter({
    name: "apiserver_admission_webhook_request_total",
    help: `Admission webhook request total, identified by name and broken out for each admission type (validating or admit) and operation. Additional labels specify whether the request was rejected or not and an HTTP status code. ${codeNote}`,
    labelNames: ["code", "name", "operation", "rejected", "type"],
    stability: "ALPHA",
  });
  const webhookRejections = new Counter({
    name: "apiserver_admission_webhook_rejection_count",
    help: `Admission webhook rejection count, identified by name and broken out for each admission type (validating or admit) and operation. Additional labels specify an error type (calling_webhook_error or apiserver_internal_error if an error occurred; no_error otherwise) and optionally a non-zero rejection code if the webhook rejects the request with an HTTP status code (honored by the apiserver when the code is greater or equal to 400). ${codeNote}`,
    labelNames: ["error_type", "name", "operation", "rejection_code", "type"],
    stability: "ALPHA",
  });
  const webhookFailOpen = new Counter({
    name: "apiserver_admission_webhook_fail_open_count",
    help: "Admission webhook fail open count, identified by name and broken out for each admission type (validating or admit).",
    labelNames: ["name", "type"],
    stability: "ALPHA",
  });
  const all = { webhookSeconds, webhookRequests, webhookRejections, webhookFailOpen };
  for (const metric of Object.values(all)) registry.register(metric);
  return all;
}

function createPolicyMetrics(registry: MetricRegistry): Omit<DynamicMetrics, WebhookMetric> {
  const validating = {
    labelNames: ["enforcement_action", "error_type", "policy", "policy_binding"],
    stability: "BETA" as const,
  };
  const mutating = { labelNames: ["error_type", "policy", "policy_binding"], stability: "ALPHA" as const };
  const all = {
    validatingChecks: new Counter({
      name: "apiserver_validating_admission_policy_check_total",
      help: "Validation admission policy check total, labeled by policy and further identified by binding and enforcement action taken.",
      ...validating,
    }),
    validatingSeconds: new Histogram(
      {
        name: "apiserver_validating_admission_policy_check_duration_seconds",
        help: "Validation admission latency for individual validation expressions in seconds, labeled by policy and further including binding and enforcement action taken.",
        ...validating,
      },
      policyBounds,
    ),
    mutatingChecks: new Counter({
      name: "apiserver_mutating_admission_policy_check_total",
      help: "Mutation admission policy check total, labeled by policy and further identified by binding.",
      ...mutating,
    }),
    mutatingSeconds: new Histogram(
      {
        name: "apiserver_mutating_admission_policy_check_duration_seconds",
        help: "Mutation admission latency for individual mutation expressions in seconds, labeled by policy and binding.",
        ...mutating,
      },
      policyBounds,
    ),
  };
  for (const metric of Object.values(all)) registry.register(metric);
  return all;
}

/** A webhook's own "no", which is not an error of anybody. */
export class WebhookRefusal extends StatusError {}

interface WebhookCalled {
  readonly name: string;
  readonly type: "admit" | "validating";
  readonly attributes: Pick<AdmissionAttributes, "operation">;
  /** failurePolicy Ignore. */
  readonly failsOpen: boolean;
}

/** Runs one call and counts how it went. */
export async function countedCall<T>(host: AdmissionHost, called: WebhookCalled, run: () => Promise<T>): Promise<T> {
  const metrics = dynamicMetrics(host);
  if (metrics === undefined) return run();
  const { name, type, failsOpen } = called;
  const labels = { name, type, operation: called.attributes.operation };
  const beganMs = host.clock.monotonic();
  const observe = (rejected: boolean, code: number): void => {
    metrics.webhookRequests.inc({ ...labels, code: String(Math.min(code, 600)), rejected: String(rejected) });
    metrics.webhookSeconds.observe((host.clock.monotonic() - beganMs) / 1000, {
      ...labels,
      rejected: String(rejected),
    });
  };
  try {
    const result = await run();
    observe(false, 200);
    return result;
  } catch (error) {
    const outcome =
      error instanceof CallFailure
        ? { code: error.code, error_type: "calling_webhook_error" }
        : error instanceof WebhookRefusal
          ? { code: error.code, error_type: "no_error" }
          : { code: 0, error_type: "apiserver_internal_error" };
    const passed = failsOpen && error instanceof CallFailure;
    if (passed) metrics.webhookFailOpen.inc({ name, type });
    else
      metrics.webhookRejections.inc({
        ...labels,
        error_type: outcome.error_type,
        rejection_code: String(Math.min(outcome.code, 600)),
      });
    observe(!passed, outcome.code);
    throw error;
  }
}

export interface PolicyCheck {
  readonly policy: string;
  readonly binding: string;
  /** What the expression said when it could not be evaluated or did not hold; empty when all went well. */
  readonly message: string;
  readonly durationMs: number;
}

/** Upstream tells the kinds of failure apart by their texts. */
function errorTypeOf(message: string): string {
  if (message === "") return "no_error";
  if (message.startsWith("compilation")) return "compile_error";
  return message.startsWith("validation failed due to running out of cost budget") ? "out_of_budget" : "invalid_error";
}

export function countValidation(host: AdmissionHost, action: "deny" | "audit" | "warn", check: PolicyCheck): void {
  const { policy, binding, message, durationMs } = check;
  const labels = { policy, policy_binding: binding, error_type: errorTypeOf(message), enforcement_action: action };
  const metrics = dynamicMetrics(host);
  metrics?.validatingChecks.inc(labels);
  metrics?.validatingSeconds.observe(durationMs / 1000, labels);
}

export function countMutation(host: AdmissionHost, check: PolicyCheck): void {
  const { policy, binding, message, durationMs } = check;
  const labels = { policy, policy_binding: binding, error_type: errorTypeOf(message) };
  const metrics = dynamicMetrics(host);
  metrics?.mutatingChecks.inc(labels);
  metrics?.mutatingSeconds.observe(durationMs / 1000, labels);
}
