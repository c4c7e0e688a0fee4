// Audit events go where kube-apiserver's flags say: to a log, to a service, or to both. Upstream: apiserver's pkg/server/options/audit.go.
import { type Logger, type MetricRegistry, systemClock, systemRng } from "../../base/index.ts";
import { type FlagDefinitions, FlagError, type FlagValues } from "../../cli/index.ts";
import {
  type AuditBackend,
  type AuditLogFormat,
  type Auditor,
  auditLogFormats,
  buffered,
  createAuditor,
  ignoringErrors,
  type LostEvents,
  logBackend,
  lostEvents,
  parseAuditPolicy,
  remoteWebhook,
  truncating,
  unionOf,
  webhookBackend,
} from "../../server/index.ts";
import { openAuditLog, webhookConnections } from "../../server/node/index.ts";
import { endpointOf } from "./remote-endpoint.ts";
import { readFlagFile } from "./self-signed.ts";

const modes = ["batch", "blocking", "blocking-strict"] as const;
const version = "audit.k8s.io/v1";

/** Flags that both kinds have; defaults differ. */
const shared = <const Plugin extends "log" | "webhook">(
  plugin: Plugin,
  by: {
    readonly mode: string;
    readonly size: string;
    readonly wait: string;
    readonly throttle: string;
    readonly qps: string;
    readonly burst: string;
  },
) =>
  ({
    [`audit-${plugin}-mode`]: {
      type: "string",
      help: "blocking: requests wait until their events are kept; blocking-strict: they also fail without; batch: events follow later",
      default: by.mode,
    },
    [`audit-${plugin}-batch-buffer-size`]: {
      type: "integer",
      help: "events that wait for their batch; more are lost (mode batch)",
      default: "10000",
    },
    [`audit-${plugin}-batch-max-size`]: { type: "integer", help: "events of one batch (mode batch)", default: by.size },
    [`audit-${plugin}-batch-max-wait`]: {
      type: "duration",
      help: "how long a batch waits until it is full (mode batch)",
      default: by.wait,
    },
    [`audit-${plugin}-batch-throttle-enable`]: {
      type: "boolean",
      help: "limits batches a second (mode batch)",
      default: by.throttle,
    },
    [`audit-${plugin}-batch-throttle-qps`]: {
      type: "string",
      help: "batches a second on average (mode batch)",
      default: by.qps,
    },
    [`audit-${plugin}-batch-throttle-burst`]: {
      type: "integer",
      help: "batches at one moment (mode batch)",
      default: by.burst,
    },
    [`audit-${plugin}-truncate-enabled`]: {
      type: "boolean",
      help: "events that are too large lose their objects, or are dropped; batches that are too large are divided",
      default: "false",
    },
    [`audit-${plugin}-truncate-max-batch-size`]: { type: "integer", help: "bytes of a batch", default: "10485760" },
    [`audit-${plugin}-truncate-max-event-size`]: { type: "integer", help: "bytes of an event", default: "102400" },
    [`audit-${plugin}-version`]: { type: "string", help: `API version of the events: ${version}`, default: version },
  }) as Shared<Plugin>;

interface Typed<T extends "string" | "integer" | "boolean" | "duration"> {
  readonly type: T;
  readonly help: string;
  readonly default: string;
}
type Shared<Plugin extends string> = {
  readonly [K in `audit-${Plugin}-${"mode" | "version" | "batch-throttle-qps"}`]: Typed<"string">;
} & {
  readonly [K in `audit-${Plugin}-${
    | "batch-buffer-size"
    | "batch-max-size"
    | "batch-throttle-burst"
    | "truncate-max-batch-size"
    | "truncate-max-event-size"}`]: Typed<"integer">;
} & { readonly [K in `audit-${Plugin}-batch-max-wait`]: Typed<"duration"> } & {
  readonly [K in `audit-${Plugin}-${"batch-throttle-enable" | "truncate-enabled"}`]: Typed<"boolean">;
};

export const auditFlags = {
  "audit-policy-file": { type: "string", help: "which requests are audited, and how much of them is told" },
  "audit-log-path": { type: "string", help: "file of audit events; - for standard output" },
  "audit-log-maxsize": {
    type: "integer",
    help: "megabytes after which the audit log is set aside; 0: never",
    default: "100",
  },
  "audit-log-maxbackup": { type: "integer", help: "audit logs set aside that are kept; 0 for all", default: "100" },
  "audit-log-maxage": { type: "integer", help: "days that audit logs set aside are kept; 0 for ever", default: "366" },
  "audit-log-compress": { type: "boolean", help: "compresses audit logs set aside with gzip", default: "false" },
  "audit-log-format": { type: "string", help: "json, or legacy: a line of text for each event", default: "json" },
  ...shared("log", { mode: "blocking", size: "1", wait: "0s", throttle: "false", qps: "0", burst: "0" }),
  "audit-webhook-config-file": { type: "string", help: "kubeconfig of the service that audit events are sent to" },
  "audit-webhook-initial-backoff": {
    type: "duration",
    help: "how long a failed request waits before it is sent again",
    default: "10s",
  },
  ...shared("webhook", { mode: "batch", size: "400", wait: "30s", throttle: "true", qps: "10", burst: "15" }),
} as const satisfies FlagDefinitions;

export type AuditFlags = FlagValues<typeof auditFlags>;

export interface AuditMeans {
  readonly metrics: MetricRegistry;
  readonly log: Logger;
}

/** The log of a cluster that asks only for a policy and a path. */
export function plainAuditor(
  file: string | undefined,
  path: string | undefined,
  means: AuditMeans,
): Auditor | undefined {
  if (!file || !path) return undefined;
  const lost = lostEvents(means.metrics, means.log);
  const sink = openAuditLog({ path, clock: systemClock, maxSizeMegabytes: 100, maxBackups: 100, maxAgeDays: 366 });
  const backend = ignoringErrors(logBackend(sink, { format: "json", lost }));
  return createAuditor({ policy: policyOf(file), backend, clock: systemClock, metrics: means.metrics });
}

/** Undefined when nothing is to be written: without a policy, or without a place to write to. */
export function auditorOf(flags: AuditFlags, means: AuditMeans): Auditor | undefined {
  const [file, path, config] = [
    flags["audit-policy-file"],
    flags["audit-log-path"],
    flags["audit-webhook-config-file"],
  ];
  if (path) checkLog(flags);
  if (config) checkShared(flags, "webhook");
  if (!file || (!path && !config)) return undefined;
  const policy = policyOf(file);
  const lost = lostEvents(means.metrics, means.log);
  const backends = [
    ...(path ? [logOf(flags, path, lost)] : []),
    ...(config ? [serviceOf(flags, config, { ...means, lost })] : []),
  ];
  return createAuditor({ policy, backend: unionOf(backends), clock: systemClock, metrics: means.metrics });
}

function policyOf(file: string): ReturnType<typeof parseAuditPolicy> {
  try {
    return parseAuditPolicy(readFlagFile("audit-policy-file", file));
  } catch (error) {
    if (error instanceof FlagError) throw error;
    throw new FlagError(`loading audit policy file: ${(error as Error).message}: from file ${file}`);
  }
}

function logOf(flags: AuditFlags, path: string, lost: LostEvents): AuditBackend {
  const sink = openAuditLog({
    path,
    clock: systemClock,
    maxSizeMegabytes: flags["audit-log-maxsize"],
    maxBackups: flags["audit-log-maxbackup"],
    maxAgeDays: flags["audit-log-maxage"],
    compress: flags["audit-log-compress"],
  });
  const format = flags["audit-log-format"] as AuditLogFormat;
  return wrapped(logBackend(sink, { format, lost }), { flags, plugin: "log", lost });
}

function serviceOf(flags: AuditFlags, config: string, means: AuditMeans & { readonly lost: LostEvents }): AuditBackend {
  let endpoint: ReturnType<typeof endpointOf>;
  try {
    endpoint = endpointOf(config);
  } catch (error) {
    throw new FlagError(`initializing audit webhook: ${(error as Error).message} (--audit-webhook-config-file)`);
  }
  const connections = webhookConnections();
  const service = remoteWebhook({
    endpoint,
    connections,
    clock: systemClock,
    rng: systemRng,
    initialBackoffMs: flags["audit-webhook-initial-backoff"],
    retry: "all",
  });
  const backend = wrapped(webhookBackend(service, means.lost), { flags, plugin: "webhook", lost: means.lost });
  return { ...backend, close: () => backend.close().finally(() => connections.close()) };
}

interface Wrapping {
  readonly flags: AuditFlags;
  readonly plugin: "log" | "webhook";
  readonly lost: LostEvents;
}

/** By its mode first, then by its limits of size: what is too large never comes into the buffer. */
function wrapped(backend: AuditBackend, { flags, plugin, lost }: Wrapping): AuditBackend {
  const mode = flags[`audit-${plugin}-mode`];
  const inMode =
    mode === "blocking-strict"
      ? backend
      : mode === "blocking"
        ? ignoringErrors(backend)
        : buffered(
            backend,
            {
              bufferSize: flags[`audit-${plugin}-batch-buffer-size`],
              maxBatchSize: flags[`audit-${plugin}-batch-max-size`],
              maxBatchWaitMs: flags[`audit-${plugin}-batch-max-wait`],
              concurrent: plugin === "webhook",
              ...(flags[`audit-${plugin}-batch-throttle-enable`]
                ? {
                    throttle: {
                      qps: Number(flags[`audit-${plugin}-batch-throttle-qps`]),
                      burst: flags[`audit-${plugin}-batch-throttle-burst`],
                    },
                  }
                : {}),
            },
            { clock: systemClock, lost },
          );
  if (!flags[`audit-${plugin}-truncate-enabled`]) return inMode;
  const [maxEventSize, maxBatchSize] = [
    flags[`audit-${plugin}-truncate-max-event-size`],
    flags[`audit-${plugin}-truncate-max-batch-size`],
  ];
  return truncating(inMode, { maxEventSize, maxBatchSize }, lost);
}

function checkLog(flags: AuditFlags): void {
  checkShared(flags, "log");
  const format = flags["audit-log-format"];
  if (!auditLogFormats.some((each) => each === format))
    throw new FlagError(`invalid audit log format ${format}, allowed formats are "${auditLogFormats.join(",")}"`);
  for (const name of ["audit-log-maxage", "audit-log-maxbackup", "audit-log-maxsize"] as const)
    if (flags[name] < 0) throw new FlagError(`--${name} ${flags[name]} can't be a negative number`);
}

/** Throws FlagError with upstream's texts. */
function checkShared(flags: AuditFlags, plugin: "log" | "webhook"): void {
  const mode = flags[`audit-${plugin}-mode`];
  if (!modes.some((each) => each === mode))
    throw new FlagError(`invalid audit ${plugin} mode ${mode}, allowed modes are "${modes.join(",")}"`);
  const positive = (value: number, what: string): void => {
    if (!(value > 0)) throw new FlagError(`invalid audit ${what} ${value}, must be a positive number`);
  };
  if (mode === "batch") {
    positive(flags[`audit-${plugin}-batch-buffer-size`], `batch ${plugin} buffer size`);
    positive(flags[`audit-${plugin}-batch-max-size`], `batch ${plugin} max batch size`);
    if (flags[`audit-${plugin}-batch-throttle-enable`]) {
      positive(Number(flags[`audit-${plugin}-batch-throttle-qps`]), `batch ${plugin} throttle QPS`);
      positive(flags[`audit-${plugin}-batch-throttle-burst`], `batch ${plugin} throttle burst`);
    }
  }
  const eventSize = flags[`audit-${plugin}-truncate-max-event-size`];
  const batchSize = flags[`audit-${plugin}-truncate-max-batch-size`];
  positive(eventSize, `truncate ${plugin} max event size`);
  if (batchSize < eventSize)
    throw new FlagError(
      `invalid audit truncate ${plugin} max batch size ${batchSize}, must be greater than max event size (${eventSize})`,
    );
  if (flags[`audit-${plugin}-version`] !== version)
    throw new FlagError(
      `invalid group version, allowed versions are [{"audit.k8s.io" "v1"}] (--audit-${plugin}-version)`,
    );
}
