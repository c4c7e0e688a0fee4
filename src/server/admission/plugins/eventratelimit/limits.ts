// The plugin's configuration. Upstream: plugin/pkg/admission/eventratelimit/apis (eventratelimit.admission.k8s.io/v1alpha1).
import { isObject } from "../../../../machinery/index.ts";

export interface EventLimit {
  readonly type: LimitType;
  readonly qps: number;
  readonly burst: number;
  /** Keys that are remembered. */
  readonly cacheSize: number;
}

const types = ["Server", "Namespace", "User", "SourceAndObject"] as const;
type LimitType = (typeof types)[number];
const defaultCacheSize = 4096;

/** Without a document there are no limits. Throws Error that names every wrong field. */
export function readEventLimits(document: unknown): readonly EventLimit[] {
  if (document === undefined) return [];
  if (
    !isObject(document) ||
    document["apiVersion"] !== "eventratelimit.admission.k8s.io/v1alpha1" ||
    document["kind"] !== "Configuration"
  )
    throw new Error("EventRateLimit configuration must be a Configuration of eventratelimit.admission.k8s.io/v1alpha1");
  const list = document["limits"] ?? [];
  if (!Array.isArray(list)) throw new Error("EventRateLimit configuration: limits must be a list");
  const errors: string[] = list.length === 0 ? ["limits: Invalid value: null: must not be empty"] : [];
  const limits = list.map((each: unknown, index): EventLimit => {
    const limit = isObject(each) ? each : {};
    const at = `limits[${index}]`;
    const number = (key: string): number => Number(limit[key] ?? 0);
    const type = types.find((known) => known === limit["type"]);
    const [qps, burst, cacheSize] = [number("qps"), number("burst"), number("cacheSize")];
    if (type === undefined)
      errors.push(
        `${at}.type: Unsupported value: ${JSON.stringify(limit["type"] ?? "")}: supported values: ${[...types]
          .sort()
          .map((known) => JSON.stringify(known))
          .join(", ")}`,
      );
    if (!(burst > 0)) errors.push(`${at}.burst: Invalid value: ${burst}: must be positive`);
    if (!(qps > 0)) errors.push(`${at}.qps: Invalid value: ${qps}: must be positive`);
    if (type !== "Server" && !(cacheSize >= 0))
      errors.push(`${at}.cacheSize: Invalid value: ${cacheSize}: must not be negative`);
    return { type: type ?? "Server", qps, burst, cacheSize: cacheSize || defaultCacheSize };
  });
  if (errors.length > 0) throw new Error(errors.length === 1 ? errors[0] : `[${errors.join(", ")}]`);
  return limits;
}
