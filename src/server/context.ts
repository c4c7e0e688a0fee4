// What travels with one request through the server.
import type { RuleContext } from "../api/index.ts";
import { type Clock, type Logger, type Rng, uuid } from "../base/index.ts";
import { type ApiRequest, formatTime, type UserInfo } from "../machinery/index.ts";
import type { Store } from "../store/index.ts";
import type { AdmissionChain } from "./admission/chain.ts";
import type { Catalog } from "./catalog.ts";
import type { Accepted } from "./content/negotiate.ts";
import { noQuery, type RequestInfo } from "./request-info.ts";
import type { CacheHub } from "./watchcache/index.ts";

/** Everything a verb needs of the server. */
export interface ServerCore {
  readonly store: Store;
  readonly hub: CacheHub;
  readonly catalog: Catalog;
  readonly admission: AdmissionChain;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly featureEnabled: (gate: string) => boolean;
  readonly allowPrivileged: boolean;
  readonly timed: NonNullable<RuleContext["timed"]>;
  /** Watches that name no end get one between this and twice this. */
  readonly minWatchMs: number;
}

export interface RequestContext {
  readonly core: ServerCore;
  readonly request: ApiRequest;
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  readonly user: UserInfo;
  readonly auditId: string;
  readonly accepted: Accepted;
  readonly nowMs: number;
  /** Texts for `Warning` headers, each once, in order. */
  readonly warnings: string[];
  /** For the audit event. */
  readonly annotations: Map<string, string>;
}

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
