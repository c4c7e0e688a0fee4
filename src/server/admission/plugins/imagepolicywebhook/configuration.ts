// The plugin's configuration: `imagePolicy` of its document. Upstream: plugin/pkg/admission/imagepolicy/config.go.
import { isObject } from "../../../../machinery/index.ts";

export interface ImagePolicyConfiguration {
  readonly kubeConfigFile: string;
  readonly allowTtlMs: number;
  readonly denyTtlMs: number;
  readonly retryBackoffMs: number;
  /** Pods are let in when the service does not answer. */
  readonly defaultAllow: boolean;
}

const nanosecond = 1e-6;
const second = 1000;
const minute = 60 * second;

/** Throws Error that says what is wrong. Values are whole numbers: seconds, and milliseconds for the back-off. */
export function readImagePolicy(document: unknown): ImagePolicyConfiguration {
  if (document === undefined) throw new Error("no config specified");
  const policy = isObject(document) && isObject(document["imagePolicy"]) ? document["imagePolicy"] : {};
  const number = (key: string): number => {
    const value = policy[key] ?? 0;
    if (typeof value === "number" && Number.isInteger(value)) return value;
    throw new Error(`imagePolicy.${key} must be a whole number, not ${JSON.stringify(value)}`);
  };
  return {
    kubeConfigFile: String(policy["kubeConfigFile"] ?? ""),
    retryBackoffMs: settled(number("retryBackoff"), {
      unitMs: 1,
      leastMs: nanosecond,
      mostMs: 5 * minute,
      otherwiseMs: 500,
      shown: ["1ns", "5m0s"],
    }),
    allowTtlMs: settled(number("allowTTL"), { ...ttl, otherwiseMs: 5 * minute }),
    denyTtlMs: settled(number("denyTTL"), { ...ttl, otherwiseMs: 30 * second }),
    defaultAllow: policy["defaultAllow"] === true,
  };
}

interface Bounds {
  readonly unitMs: number;
  readonly leastMs: number;
  readonly mostMs: number;
  /** For 0. */
  readonly otherwiseMs: number;
  readonly shown: readonly [least: string, most: string];
}

const ttl = { unitMs: second, leastMs: second, mostMs: 30 * minute, shown: ["1s", "30m0s"] } as const;

/** Minus one of Go's smallest unit turns it off. */
function settled(value: number, { unitMs, leastMs, mostMs, otherwiseMs, shown }: Bounds): number {
  if (value === -1) return 0;
  if (value === 0) return otherwiseMs;
  const ms = value * unitMs;
  if (ms >= leastMs && ms <= mostMs) return ms;
  throw new Error(`valid value is between ${shown[0]} and ${shown[1]}, got ${goDuration(ms)}`);
}

/** As Go writes a duration of whole milliseconds. */
function goDuration(ms: number): string {
  const sign = ms < 0 ? "-" : "";
  const size = Math.abs(ms);
  if (size < second) return `${sign}${size}ms`;
  const hours = Math.floor(size / (60 * minute));
  const minutes = Math.floor((size % (60 * minute)) / minute);
  const seconds = (size % minute) / second;
  return `${sign}${hours > 0 ? `${hours}h` : ""}${hours > 0 || minutes > 0 ? `${minutes}m` : ""}${seconds}s`;
}
