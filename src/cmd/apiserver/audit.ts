// The audit log as kube-apiserver's flags describe it.
import { type MetricRegistry, systemClock } from "../../base/index.ts";
import { type FlagDefinitions, FlagError, type FlagValues } from "../../cli/index.ts";
import { type Auditor, createAuditor, parseAuditPolicy } from "../../server/index.ts";
import { openAuditLog } from "../../server/node/index.ts";
import { readFlagFile } from "./self-signed.ts";

export const auditFlags = {
  "audit-policy-file": { type: "string", help: "which requests are written to the audit log, and how much of them" },
  "audit-log-path": { type: "string", help: "file of audit events; - for standard output" },
  "audit-log-maxsize": { type: "integer", help: "megabytes after which the audit log is set aside", default: "0" },
  "audit-log-maxbackup": { type: "integer", help: "audit logs set aside that are kept; 0 for all", default: "0" },
  "audit-log-maxage": { type: "integer", help: "days that audit logs set aside are kept; 0 for ever", default: "0" },
  "audit-log-format": { type: "string", help: "json, the only format here", default: "json" },
} as const satisfies FlagDefinitions;

export type AuditFlags = FlagValues<typeof auditFlags>;

/** The log of a cluster that asks only for a policy and a path. */
export const plainAuditLog = (file: string | undefined, path: string | undefined): AuditFlags => ({
  "audit-policy-file": file,
  "audit-log-path": path,
  "audit-log-maxsize": 0,
  "audit-log-maxbackup": 0,
  "audit-log-maxage": 0,
  "audit-log-format": "json",
});

/** Undefined when nothing is to be written: without a policy or without a path, as upstream. */
export function auditorOf(flags: AuditFlags, metrics: MetricRegistry): Auditor | undefined {
  const [file, path] = [flags["audit-policy-file"], flags["audit-log-path"]];
  if (flags["audit-log-format"] !== "json")
    throw new FlagError(
      `invalid audit log format ${flags["audit-log-format"]}, allowed formats are "json" (--audit-log-format)`,
    );
  if (!file || !path) return undefined;
  let policy: ReturnType<typeof parseAuditPolicy>;
  try {
    policy = parseAuditPolicy(readFlagFile("audit-policy-file", file));
  } catch (error) {
    if (error instanceof FlagError) throw error;
    throw new FlagError(`loading audit policy file: ${(error as Error).message}: from file ${file}`);
  }
  const sink = openAuditLog({
    path,
    clock: systemClock,
    maxSizeMegabytes: flags["audit-log-maxsize"],
    maxBackups: flags["audit-log-maxbackup"],
    maxAgeDays: flags["audit-log-maxage"],
  });
  return createAuditor({ policy, sink, clock: systemClock, metrics });
}
