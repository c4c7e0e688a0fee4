// What travels with one request through the server.
import type { RuleContext } from "../api/index.ts";
import { uuid } from "../base/index.ts";
import { type ApiRequest, formatTime } from "../machinery/index.ts";
import type { RequestContext, ServerCore } from "./core.ts";
import { noQuery } from "./request-info.ts";

export type { RequestContext, ServerCore };

export const queryOf = (request: ApiRequest): URLSearchParams => request.query ?? noQuery;

/** Headers carry some thousand characters of them. */
const mostWarnings = 200;

export function warn({ warnings }: RequestContext, text: string): void {
  if (warnings.length < mostWarnings && !warnings.includes(text)) warnings.push(text);
}

export const ruleContext = (context: RequestContext, dryRun: boolean): RuleContext => ({
  now: formatTime(context.nowMs),
  nowMs: context.nowMs,
  user: context.user,
  featureEnabled: context.core.featureEnabled,
  allowPrivileged: context.core.allowPrivileged,
  uuid: () => uuid(context.core.rng),
  dryRun,
  timed: context.core.timed,
  warn: (text) => warn(context, text),
});
