// Where audit events go: a log, a service, or both. Upstream: apiserver's pkg/audit (Backend, Union, HandlePluginError) and
// plugin/pkg/audit/log.
//
// Contract: events are frozen. `process` resolves false when events were lost and the request may not go on because of that; a backend
// that answers without a promise made nobody wait.
import { Counter, type Logger, type MetricRegistry } from "../../base/index.ts";
import type { AuditEvent } from "./event.ts";
import { legacyLine } from "./legacy-line.ts";

export interface AuditBackend {
  process(events: readonly AuditEvent[]): boolean | Promise<boolean>;
  /** What was taken is sent, as far as that is possible now. */
  close(): Promise<void>;
}

/** Counts what did not get through, and says it in the log. */
export type LostEvents = (plugin: string, error: unknown, events: readonly AuditEvent[]) => void;

export function lostEvents(metrics: MetricRegistry, log: Logger): LostEvents {
  const errors = metrics.register(
    new Counter({
      name: "apiserver_audit_error_total",
      help: "Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.",
      labelNames: ["plugin"],
      stability: "ALPHA",
    }),
  );
  return (plugin, error, events) => {
    errors.inc({ plugin }, events.length);
    const text = `Error in audit plugin '${plugin}' affecting ${events.length} audit events: ${(error as Error).message}`;
    log.error(text, { events: events.map(legacyLine) });
  };
}

/** Lines end with a line feed. */
export interface AuditSink {
  write(line: string): void;
  close(): Promise<void>;
}

export const auditLogFormats = ["legacy", "json"] as const;
export type AuditLogFormat = (typeof auditLogFormats)[number];

export function logBackend(
  sink: AuditSink,
  options: { readonly format: AuditLogFormat; readonly lost: LostEvents },
): AuditBackend {
  const lineOf = options.format === "json" ? (event: AuditEvent): string => JSON.stringify(event) : legacyLine;
  return {
    process(events) {
      let kept = true;
      for (const event of events)
        try {
          sink.write(`${lineOf(event)}\n`);
        } catch (error) {
          kept = false;
          options.lost("log", error, [event]);
        }
      return kept;
    },
    close: () => sink.close(),
  };
}

/** Blocks, and lets the request go on whatever became of its event. */
export const ignoringErrors = (backend: AuditBackend): AuditBackend => ({
  process(events) {
    const kept = backend.process(events);
    return typeof kept === "boolean" ? true : kept.then(() => true);
  },
  close: () => backend.close(),
});

export const unionOf = (backends: readonly AuditBackend[]): AuditBackend =>
  backends.length === 1
    ? backends[0]!
    : {
        process(events) {
          const kept = backends.map((each) => each.process(events));
          if (kept.every((each) => typeof each === "boolean")) return kept.every((each) => each);
          return Promise.all(kept).then((all) => all.every((each) => each));
        },
        async close() {
          await Promise.all(backends.map((each) => each.close()));
        },
      };
