// How many events one server takes: in all, from a namespace, a user, or a source about an object.
// Upstream: plugin/pkg/admission/eventratelimit.
import { type Event, events } from "../../../../api/index.ts";
import type { Clock } from "../../../../base/index.ts";
import { tooManyRequests } from "../../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { aggregate, draftOf } from "../../framework.ts";
import { type EventLimit, readEventLimits } from "./limits.ts";

export function createEventRateLimit({ clock, pluginConfiguration }: AdmissionHost): AdmissionPlugin {
  const limits = readEventLimits(pluginConfiguration?.("EventRateLimit")).map((limit) => enforcer(limit, clock));
  return {
    name: "EventRateLimit",
    handles: ({ operation, bodyKind, dryRun }) =>
      (operation === "CREATE" || operation === "UPDATE") &&
      bodyKind.group === events.group &&
      bodyKind.kind === "Event" &&
      !dryRun,
    validate(attributes) {
      const reached = limits.flatMap((accept) => accept(attributes) ?? []);
      if (reached.length > 0) throw tooManyRequests(`Too many requests: ${aggregate(reached)}`);
    },
  };
}

interface Bucket {
  tokens: number;
  sinceMs: number;
}

/** Says what is over the limit; undefined when the event is taken. */
function enforcer(
  { type, qps, burst, cacheSize }: EventLimit,
  clock: Clock,
): (attributes: AdmissionAttributes) => string | undefined {
  /** Least recently used first. */
  const buckets = new Map<string, Bucket>();
  const bucketOf = (key: string): Bucket => {
    const bucket = buckets.get(key) ?? { tokens: burst, sinceMs: clock.monotonic() };
    buckets.delete(key);
    buckets.set(key, bucket);
    if (buckets.size > cacheSize) buckets.delete(buckets.keys().next().value!);
    return bucket;
  };
  return (attributes) => {
    const key = keyOf[type](attributes);
    const bucket = bucketOf(key);
    const nowMs = clock.monotonic();
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.sinceMs) / 1000) * qps);
    bucket.sinceMs = nowMs;
    if (bucket.tokens < 1) return `limit reached on type ${type} for key ${key}`;
    bucket.tokens--;
    return undefined;
  };
}

const keyOf: Readonly<Record<EventLimit["type"], (attributes: AdmissionAttributes) => string>> = {
  Server: () => "",
  Namespace: ({ namespace }) => namespace,
  User: ({ user }) => user.username,
  SourceAndObject(attributes) {
    const { source, involvedObject } = draftOf<Event>(attributes);
    return [
      source?.component,
      source?.host,
      involvedObject?.kind,
      involvedObject?.namespace,
      involvedObject?.name,
      involvedObject?.uid,
      involvedObject?.apiVersion,
    ]
      .map((part) => part ?? "")
      .join("");
  },
};
