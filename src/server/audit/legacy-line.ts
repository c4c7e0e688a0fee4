// An event as one line of text. Upstream: apiserver's pkg/audit/format.go EventString.
import { quoteGo } from "../../machinery/index.ts";
import type { AuditEvent } from "./event.ts";

const list = (texts: readonly string[]): string => texts.map(quoteGo).join(",");

export function legacyLine(event: AuditEvent): string {
  const { user, impersonatedUser: other } = event;
  const named = (user.username ?? "") !== "";
  const fields: readonly (readonly [string, string])[] = [
    ["id", event.auditID],
    ["stage", event.stage],
    ["ip", event.sourceIPs?.[0] ?? "<unknown>"],
    ["method", event.verb],
    ["user", named ? user.username! : "<none>"],
    ["groups", named && (user.groups?.length ?? 0) > 0 ? list(user.groups!) : "<none>"],
    ["as", other === undefined ? "<self>" : (other.username ?? "")],
    ["asgroups", other?.groups === undefined ? "<lookup>" : list(other.groups)],
    ["user-agent", event.userAgent ?? ""],
    ["namespace", event.objectRef?.namespace ?? "<none>"],
    ["uri", event.requestURI],
  ];
  const shown = fields.map(([name, value]) => `${name}=${quoteGo(value)}`).join(" ");
  const received = event.requestReceivedTimestamp.replace(/\.?0+Z$/, "Z");
  return `${received} AUDIT: ${shown} response="${event.responseStatus?.code ?? "<deferred>"}"`;
}
