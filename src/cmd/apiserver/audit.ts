// The audit log as kube-apiserver's flags describe it.
import { type MetricRegistry, systemClock } from "../../base/index.ts";
import { FlagError } from "../../cli/index.ts";
import { type Auditor, createAuditor, parseAuditPolicy } from "../../server/index.ts";
import { openAuditLog } from "../../server/node/index.ts";
import { readFlagFile } from "./self-signed.ts";

export interface AuditFlags {
  readonly "audit-policy-file"?: string | undefined;
  readonly "audit-log-path"?: string | undefined;
  readonly "audit-log-maxsize": number;
  readonly "audit-log-maxbackup": number;
  readonly "audit-log-maxage": number;
  readonly "audit-log-format": string;
}

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
