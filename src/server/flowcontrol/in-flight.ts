// Bounds how many requests run at a time. Those above the bound wait in line for a while; a full line is answered 429.
// Upstream: --max-requests-inflight, --max-mutating-requests-inflight; its queues by flow schema take the place of this line.
import { StatusError } from "../../machinery/index.ts";

export interface InFlightOptions {
  readonly maxReading: number;
  readonly maxMutating: number;
}

export interface InFlight {
  /** Resolves when the request may run. The caller must call `leave` with the same argument once. */
  enter(mutating: boolean): Promise<void> | undefined;
  leave(mutating: boolean): void;
  readonly reading: number;
  readonly mutating: number;
}

interface Lane {
  readonly most: number;
  running: number;
  readonly waiting: (() => void)[];
}

/** As many again times this may wait. */
const waitingPerSlot = 16;

export function createInFlight(options: InFlightOptions): InFlight {
  const reading: Lane = { most: options.maxReading, running: 0, waiting: [] };
  const mutating: Lane = { most: options.maxMutating, running: 0, waiting: [] };
  const laneOf = (isMutating: boolean): Lane => (isMutating ? mutating : reading);
  return {
    enter(isMutating) {
      const lane = laneOf(isMutating);
      if (lane.most === 0 || lane.running < lane.most) {
        lane.running++;
        return undefined;
      }
      if (lane.waiting.length >= lane.most * waitingPerSlot) throw tooManyRequests();
      return new Promise((resolve) => lane.waiting.push(resolve));
    },
    leave(isMutating) {
      const lane = laneOf(isMutating);
      const next = lane.waiting.shift();
      if (next === undefined) lane.running--;
      else next();
    },
    get reading() {
      return reading.running;
    },
    get mutating() {
      return mutating.running;
    },
  };
}

const tooManyRequests = (): StatusError =>
  new StatusError(
    {
      code: 429,
      reason: "TooManyRequests",
      message: "Too many requests, please try again later.",
      details: { retryAfterSeconds: 1 },
    },
    { "retry-after": "1" },
  );
