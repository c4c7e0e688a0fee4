// Bootstrap tokens as Secrets. Upstream: k8s.io/cluster-bootstrap/{token/api,util/secrets}.
import type { Secret } from "../../api/index.ts";
import { parseTime } from "../../machinery/index.ts";

export const isBootstrapToken = ({ type, metadata }: Secret): boolean =>
  type === "bootstrap.kubernetes.io/token" && metadata.namespace === "kube-system";

export const tokenField = (secret: Secret, field: string): string => atob(secret.data?.[field] ?? "");

/** Milliseconds until a token ends, at most 0 when it has or its end cannot be read; undefined when it never ends. */
export function tokenLeftMs(secret: Secret, nowMs: number): number | undefined {
  const expiration = tokenField(secret, "expiration");
  if (expiration === "") return undefined;
  const endMs = parseTime(expiration);
  return Number.isNaN(endMs) ? 0 : endMs - nowMs;
}
