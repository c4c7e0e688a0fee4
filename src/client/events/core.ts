// core/v1 events: repeated ones are counted in one object, floods of similar ones are combined, and a source may tell only
// so much of one object. Upstream: client-go tools/record/events_cache.go.
import { type core_v1, events } from "../../api/index.ts";
import { formatTime, isNotFound, type NewObject } from "../../machinery/index.ts";
import { LruMap } from "./lru.ts";
import { type EventRecorderOptions, eventName, type Occurrence } from "./occurrence.ts";
import type { EventWriter } from "./writer.ts";

const cacheSize = 4096;
/** This many different messages of one reason within the interval are combined. */
const combineFrom = 10;
const combineIntervalMs = 600_000;
const spamBurst = 25;
const spamRefillMs = 300_000;

interface Group {
  /** Most have one. */
  messages: string | Set<string>;
  lastMs: number;
}
interface Observation {
  readonly count: number;
  readonly firstTimestamp: string;
  readonly name: string;
}
interface Bucket {
  tokens: number;
  atMs: number;
}

const keyOf = (parts: readonly (string | undefined)[]): string => parts.map((part) => part ?? "").join("\u0000");

export function createCoreSink(options: EventRecorderOptions, writer: EventWriter): (occurrence: Occurrence) => void {
  const groups = new LruMap<string, Group>(cacheSize);
  const observations = new LruMap<string, Observation>(cacheSize);
  const buckets = new LruMap<string, Bucket>(cacheSize);
  const resource = options.client.of(events);

  const about = ({ about: it }: Occurrence): string[] =>
    [it.kind, it.namespace, it.name, it.uid, it.apiVersion].map((part) => part ?? "");

  /** The occurrence as it will be told, and the key under which its repetitions are counted. */
  const combine = (occurrence: Occurrence): { readonly occurrence: Occurrence; readonly key: string } => {
    const groupKey = keyOf(["group", ...about(occurrence), occurrence.type, occurrence.reason]);
    let group = groups.get(groupKey);
    if (group === undefined || occurrence.nowMs - group.lastMs > combineIntervalMs)
      group = { messages: occurrence.message, lastMs: occurrence.nowMs };
    if (typeof group.messages === "string" && group.messages !== occurrence.message)
      group.messages = new Set([group.messages]);
    const { messages } = group;
    if (typeof messages !== "string") messages.add(occurrence.message);
    group.lastMs = occurrence.nowMs;
    groups.set(groupKey, group);
    if (typeof messages === "string" || messages.size < combineFrom) {
      const { type, reason, message } = occurrence;
      return {
        occurrence,
        key: keyOf(["one", ...about(occurrence), occurrence.about.fieldPath, type, reason, message]),
      };
    }
    messages.delete(messages.values().next().value as string);
    const name = eventName(occurrence.about.name ?? "", { nowMs: occurrence.nowMs, rng: options.rng });
    const message = `(combined from similar events): ${occurrence.message}`;
    return { occurrence: { ...occurrence, name, message }, key: groupKey };
  };

  const mayTell = (occurrence: Occurrence): boolean => {
    const key = keyOf([...about(occurrence), occurrence.type]);
    const bucket = buckets.get(key) ?? { tokens: spamBurst, atMs: occurrence.nowMs };
    bucket.tokens = Math.min(spamBurst, bucket.tokens + Math.max(0, occurrence.nowMs - bucket.atMs) / spamRefillMs);
    bucket.atMs = occurrence.nowMs;
    buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  };

  return (told) => {
    const { occurrence, key } = combine(told);
    const before = observations.get(key);
    const event = toEvent(occurrence, { options, before });
    const { name } = event.metadata;
    observations.set(key, { count: event.count ?? 1, firstTimestamp: event.firstTimestamp ?? "", name });
    if (!mayTell(occurrence)) return;
    const write = async (): Promise<void> => {
      if (before !== undefined) {
        try {
          const { count, lastTimestamp, message } = event;
          const patch = { count, lastTimestamp, message };
          await resource.patch({ namespace: occurrence.namespace, name }, patch, { type: "strategic" });
          return;
        } catch (error) {
          if (!isNotFound(error)) throw error; // expired meanwhile: told anew, with its count
        }
      }
      await resource.create(event);
    };
    writer.write(write, { object: occurrence.about.name, reason: occurrence.reason, message: occurrence.message });
  };
}

function toEvent(
  occurrence: Occurrence,
  context: { options: EventRecorderOptions; before: Observation | undefined },
): NewObject<core_v1.Event> & { metadata: { name: string } } {
  const now = formatTime(occurrence.nowMs);
  const { component, host } = context.options;
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: context.before?.name ?? occurrence.name, namespace: occurrence.namespace },
    involvedObject: occurrence.about,
    reason: occurrence.reason,
    message: occurrence.message,
    source: { component, ...(host ? { host } : {}) },
    firstTimestamp: context.before?.firstTimestamp ?? now,
    lastTimestamp: now,
    count: (context.before?.count ?? 0) + 1,
    type: occurrence.type,
    reportingComponent: component,
    reportingInstance: host ?? "",
  };
}
