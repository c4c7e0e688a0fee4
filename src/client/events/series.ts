// events.k8s.io/v1: the first repetition makes an event a series; further ones are counted here and written when the series
// is refreshed or ends. Upstream: client-go tools/events/event_broadcaster.go, KEP-383.
import { type events_v1, eventsV1 } from "../../api/index.ts";
import { onAbort, type Timer } from "../../base/index.ts";
import {
  formatMicroTime,
  isAlreadyExists,
  isNotFound,
  type NewObject,
  type StatusError,
} from "../../machinery/index.ts";
import type { EventRecorderOptions, Occurrence } from "./occurrence.ts";
import type { EventWriter } from "./writer.ts";

const refreshMs = 30 * 60_000;
const finishMs = 6 * 60_000;

interface Series {
  readonly first: Occurrence;
  count: number;
  lastMs: number;
  writtenMs: number;
  /** Its writes go one after the other: an event that is not there yet cannot be patched. */
  written: Promise<void>;
}

export function createSeriesSink(options: EventRecorderOptions, writer: EventWriter): (occurrence: Occurrence) => void {
  const { clock, component, signal } = options;
  const instance = options.host === undefined ? component : `${component}-${options.host}`;
  const resource = options.client.of(eventsV1);
  const known = new Map<string, Series>();
  let timer: Timer | undefined;
  if (signal !== undefined) onAbort(signal, () => timer?.cancel());

  const write = (series: Series): void => {
    const { first, count, lastMs } = series;
    series.writtenMs = clock.now();
    const name = { namespace: first.namespace, name: first.name };
    const told = count > 1 ? { series: { count, lastObservedTime: formatMicroTime(lastMs) } } : {};
    const task = async (): Promise<void> => {
      if (count > 1) {
        try {
          await resource.patch(name, told, { type: "strategic" });
          return;
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }
      try {
        await resource.create({ ...toEvent(first, { component, instance }), ...told });
      } catch (error) {
        // The series' first event came to be between the two calls; the next try will patch it.
        if (count > 1 && isAlreadyExists(error)) throw new Error((error as StatusError).message, { cause: error });
        throw error;
      }
    };
    const inOrder = (): Promise<void> => {
      const before = series.written;
      const mine = before.then(task);
      series.written = mine.catch(() => {}); // the writer is told of it, and tries again
      return mine;
    };
    writer.write(inOrder, { object: first.about.name, reason: first.reason, message: first.message });
  };

  const sweep = (): void => {
    const nowMs = clock.now();
    for (const [key, series] of known) {
      const over = nowMs - series.lastMs > finishMs;
      const stale = nowMs - series.writtenMs > refreshMs;
      if (series.count > 1 && (over || stale)) write(series);
      if (over) known.delete(key);
    }
    timer = undefined;
    if (known.size > 0) arm();
  };
  const arm = (): void => {
    if (signal?.aborted) return;
    timer ??= clock.setTimeout(sweep, finishMs, { background: true });
  };

  return (occurrence) => {
    const key = keyOf(occurrence);
    const series = known.get(key);
    if (series === undefined) {
      const started = {
        first: occurrence,
        count: 1,
        lastMs: occurrence.nowMs,
        writtenMs: 0,
        written: Promise.resolve(),
      };
      known.set(key, started);
      write(started);
    } else {
      series.count++;
      series.lastMs = occurrence.nowMs;
      if (series.count === 2) write(series);
    }
    arm();
  };
}

const keyOf = (occurrence: Occurrence): string =>
  JSON.stringify([occurrence.type, occurrence.action, occurrence.reason, occurrence.about, occurrence.related]);

function toEvent(
  occurrence: Occurrence,
  reporter: { component: string; instance: string },
): NewObject<events_v1.Event> {
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: occurrence.name, namespace: occurrence.namespace },
    eventTime: formatMicroTime(occurrence.nowMs),
    reportingController: reporter.component,
    reportingInstance: reporter.instance,
    action: occurrence.action ?? occurrence.reason,
    reason: occurrence.reason,
    regarding: occurrence.about,
    ...(occurrence.related !== undefined ? { related: occurrence.related } : {}),
    note: occurrence.message,
    type: occurrence.type,
  };
}
