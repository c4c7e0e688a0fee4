// The time-weighted average, deviation and maximum of the seats that a level could use. Upstream: fairqueuing/integrator.go and
// seatDemandStats of apf_controller.go.
import type { Clock } from "../../base/index.ts";

export interface SeatDemand {
  set(seats: number): void;
  /** Takes the period that ends now into the figures below and begins the next. */
  endPeriod(): void;
  readonly highWatermark: number;
  readonly average: number;
  readonly deviation: number;
  readonly smoothed: number;
}

/** Of the last envelope, kept each period: half of it is gone after five minutes. */
const smoothing = 0.977;

export function createSeatDemand(clock: Clock): SeatDemand {
  let [lastMs, seats, highest] = [clock.monotonic(), 0, 0];
  let [elapsed, sum, squares] = [0, 0, 0];
  const result = { highWatermark: 0, average: 0, deviation: 0, smoothed: 0 };
  const advance = (): void => {
    const now = clock.monotonic();
    const step = now - lastMs;
    lastMs = now;
    elapsed += step;
    sum += step * seats;
    squares += step * seats * seats;
  };
  return {
    set(next) {
      if (next === seats) return;
      advance();
      seats = next;
      if (next > highest) highest = next;
    },
    endPeriod() {
      advance();
      result.highWatermark = Math.round(highest);
      if (elapsed > 0) {
        result.average = sum / elapsed;
        result.deviation = Math.sqrt(Math.max(0, squares / elapsed - result.average ** 2));
        const envelope = result.average + result.deviation;
        result.smoothed = Math.max(envelope, smoothing * result.smoothed + (1 - smoothing) * envelope);
      }
      [elapsed, sum, squares, highest] = [0, 0, 0, seats];
    },
    get highWatermark() {
      return result.highWatermark;
    },
    get average() {
      return result.average;
    },
    get deviation() {
      return result.deviation;
    },
    get smoothed() {
      return result.smoothed;
    },
  };
}
