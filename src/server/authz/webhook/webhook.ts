// Asks a service whether a request is allowed. Upstream: apiserver/plugin/pkg/authorizer/webhook.
//
// Contract: conditions decide first whether the service is asked at all. Its answers are kept for a while; what goes wrong is decided by
// `failurePolicy`. What a user may do in general the service can not tell.
import { type Clock, errorText, type Logger } from "../../../base/index.ts";
import type { MatchCondition } from "../../../machinery/cel/authorization/index.ts";
import { isObject, StatusError, toJson } from "../../../machinery/index.ts";
import type { AccessAttributes, AccessDecision, Authorizer } from "../../contract.ts";
import { readAnswer } from "../../remote/hook-answers.ts";
import type { CallAttempt, RemoteWebhook } from "../../remote/webhook.ts";
import { aggregate } from "../modes.ts";
import type { AuthorizerWebhookMetrics, CallResult } from "./metrics.ts";

export interface AuthorizerWebhookOptions {
  readonly service: RemoteWebhook;
  readonly clock: Clock;
  readonly version: "v1" | "v1beta1";
  /** How long answers are kept; 0: not at all. */
  readonly authorizedTtlMs: number;
  readonly unauthorizedTtlMs: number;
  readonly failurePolicy: "NoOpinion" | "Deny";
  readonly conditions: readonly MatchCondition[];
  readonly log?: Logger;
  readonly metrics?: AuthorizerWebhookMetrics;
}

type Spec = Readonly<Record<string, unknown>>;
type Status = Readonly<Record<string, unknown>>;

const keptAnswers = 8192;
/** Requests that say more than this are not kept. */
const mostCharacters = 10_000;
const encoder = new TextEncoder();

export function webhookAuthorizer(options: AuthorizerWebhookOptions): Authorizer {
  const { service, version, conditions } = options;
  const kept = keptStatuses(options.clock);
  const onError = options.failurePolicy === "Deny" ? "deny" : "noOpinion";

  async function statusOf(attributes: AccessAttributes, spec: Spec): Promise<Status> {
    const key = toJson(spec);
    const known = kept.get(key);
    if (known !== undefined) return known;
    const status = await asked(reviewOf(spec, version));
    const ttlMs = status["allowed"] === true ? options.authorizedTtlMs : options.unauthorizedTtlMs;
    if (ttlMs > 0 && isShort(attributes)) kept.add(key, status, ttlMs);
    return status;
  }

  async function asked(review: Uint8Array): Promise<Status> {
    const { metrics, log } = options;
    const attempts: CallAttempt[] = [];
    let failure: unknown;
    try {
      return statusIn(await service.call(review, { attempted: (attempt) => attempts.push(attempt) }), version);
    } catch (error) {
      failure = error;
      log?.error("Failed to make webhook authorizer request", { error });
      if (onError === "noOpinion") metrics?.failedOpen(resultOf(error));
      throw error;
    } finally {
      // Whether the last one was answered shows when the answer is read.
      for (const [index, { seconds, error }] of attempts.entries())
        metrics?.called(resultOf(index === attempts.length - 1 ? failure : error), seconds);
    }
  }

  function excluded(attributes: AccessAttributes): boolean {
    if (conditions.length === 0) return false;
    const { metrics, clock } = options;
    const startMs = clock.monotonic();
    try {
      if (matches(conditions, attributes)) return false;
      metrics?.excluded();
      return true;
    } catch (error) {
      metrics?.conditionsFailed();
      throw error;
    } finally {
      metrics?.conditionsEvaluated((clock.monotonic() - startMs) / 1000);
    }
  }

  return {
    async authorize(attributes): Promise<AccessDecision> {
      const spec = specOf(attributes);
      try {
        if (excluded(attributes)) return { decision: "noOpinion", reason: "" };
        return decisionOf(await statusOf(attributes, spec));
      } catch (error) {
        return { decision: onError, reason: "", error: errorText(error) };
      }
    },
    rulesFor: async () => ({
      resourceRules: [],
      nonResourceRules: [],
      incomplete: true,
      evaluationError: "webhook authorizer does not support user rule resolution",
    }),
  };
}

function resultOf(error: unknown): CallResult {
  if (error === undefined) return "success";
  const late =
    error instanceof StatusError
      ? error.reason === "Timeout" || error.code === 504
      : /context deadline exceeded|i\/o timeout/.test(errorText(error));
  return late ? "timeout" : "error";
}

function decisionOf(status: Status): AccessDecision {
  const reason = typeof status["reason"] === "string" ? status["reason"] : "";
  if (status["denied"] !== true) return { decision: status["allowed"] === true ? "allow" : "noOpinion", reason };
  if (status["allowed"] !== true) return { decision: "deny", reason };
  const error = "webhook subject access review returned both allow and deny response";
  return { decision: "deny", reason, error };
}

/** Throws the errors of conditions when none of the others is false. */
function matches(conditions: readonly MatchCondition[], attributes: AccessAttributes): boolean {
  if (conditions.length === 0) return true;
  const shown = conditionView(attributes);
  const errors: string[] = [];
  for (const condition of conditions) {
    try {
      if (!condition(shown)) return false;
    } catch (error) {
      errors.push(errorText(error));
    }
  }
  if (errors.length > 0) throw new Error(aggregate(errors));
  return true;
}

const present = (fields: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));

function specOf(attributes: AccessAttributes): Spec {
  const { user, verb, group, version, resource, subresource, namespace, name, path } = attributes;
  const about = attributes.resourceRequest
    ? {
        resourceAttributes: {
          ...present({ namespace, verb, group, version, resource, subresource, name }),
          ...selectorsOf(attributes),
        },
      }
    : { nonResourceAttributes: present({ path, verb }) };
  return {
    ...about,
    ...present({ user: user.username }),
    ...(user.groups.length > 0 ? { groups: user.groups } : {}),
    ...(user.extra !== undefined && Object.keys(user.extra).length > 0 ? { extra: user.extra } : {}),
    ...present({ uid: user.uid ?? "" }),
  };
}

const operators: Readonly<Record<string, string>> = {
  "=": "In",
  "==": "In",
  in: "In",
  "!=": "NotIn",
  notin: "NotIn",
  exists: "Exists",
  "!": "DoesNotExist",
};

function selectorsOf({ fieldSelector = [], labelSelector = [] }: AccessAttributes): Spec {
  const fields = fieldSelector.map(({ field, operator, value }) => ({
    key: field,
    operator: operators[operator],
    values: [value],
  }));
  const labels = labelSelector.map(({ key, operator, values }) => ({
    key,
    operator: operators[operator] ?? operator,
    ...(values.length > 0 ? { values } : {}),
  }));
  return {
    ...(fields.length > 0 ? { fieldSelector: { requirements: fields } } : {}),
    ...(labels.length > 0 ? { labelSelector: { requirements: labels } } : {}),
  };
}

/** Every text is there, also an empty one. */
function conditionView(attributes: AccessAttributes): Spec {
  const { user, verb, group, version, resource, subresource, namespace, name, path } = attributes;
  const about = attributes.resourceRequest
    ? {
        resourceAttributes: {
          ...{ namespace, verb, group, version, resource, subresource, name },
          ...selectorsOf(attributes),
        },
      }
    : { nonResourceAttributes: { path, verb } };
  return { user: user.username, groups: user.groups, uid: user.uid ?? "", extra: user.extra ?? {}, ...about };
}

function reviewOf(spec: Spec, version: "v1" | "v1beta1"): Uint8Array {
  const named = ([name, value]: [string, unknown]): [string, unknown] => [name === "groups" ? "group" : name, value];
  const sent = version === "v1" ? spec : Object.fromEntries(Object.entries(spec).map(named));
  return encoder.encode(
    `${toJson({
      kind: "SubjectAccessReview",
      apiVersion: `authorization.k8s.io/${version}`,
      metadata: {},
      spec: sent,
      status: { allowed: false },
    })}\n`,
  );
}

/** Throws UnreadableAnswer for what is no review. */
function statusIn(body: Uint8Array, version: "v1" | "v1beta1"): Status {
  const answer = readAnswer(body, { group: "authorization.k8s.io", version, kind: "SubjectAccessReview" });
  return isObject(answer["status"]) ? answer["status"] : {};
}

const isShort = ({ namespace, verb, group, version, resource, subresource, name, path }: AccessAttributes): boolean =>
  [namespace, verb, group, version, resource, subresource, name, path].reduce((sum, { length }) => sum + length, 0) <
  mostCharacters;

/** The least recently used go first, and whatever is too old. */
function keptStatuses(clock: Clock): {
  get(key: string): Status | undefined;
  add(key: string, status: Status, ttlMs: number): void;
} {
  const entries = new Map<string, { readonly status: Status; readonly untilMs: number }>();
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (entry.untilMs <= clock.monotonic()) return undefined;
      entries.set(key, entry);
      return entry.status;
    },
    add(key, status, ttlMs) {
      entries.set(key, { status, untilMs: clock.monotonic() + ttlMs });
      if (entries.size > keptAnswers) entries.delete(entries.keys().next().value!);
    },
  };
}
