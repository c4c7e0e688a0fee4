// Bounds how many requests run at a time by two numbers: what comes above them is refused. Used when API priority and
// fairness is off. Upstream: apiserver's server/filters/maxinflight.go.
import { isMutating, type Pass, type RequestGate, TooManyRequests } from "./gate.ts";

export interface InFlightOptions {
  /** 0: no bound. */
  readonly maxReading: number;
  readonly maxMutating: number;
}

export function createInFlight(options: InFlightOptions): RequestGate {
  const running = { reading: 0, mutating: 0 };
  const exempt: Pass = { headers: undefined, leave: () => {} };
  const passes = {
    reading: { headers: undefined, leave: () => void running.reading-- },
    mutating: { headers: undefined, leave: () => void running.mutating-- },
  } satisfies Record<string, Pass>;
  return {
    enter({ info, user }) {
      const kind = isMutating(info) ? "mutating" : "reading";
      const most = kind === "mutating" ? options.maxMutating : options.maxReading;
      if (most === 0 || running[kind] < most) {
        running[kind]++;
        return passes[kind];
      }
      // Who administers the cluster is let in, so that it can be helped.
      if (user.groups.includes("system:masters")) return exempt;
      throw new TooManyRequests(1);
    },
    get reading() {
      return running.reading;
    },
    get mutating() {
      return running.mutating;
    },
  };
}
