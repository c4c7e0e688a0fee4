// Leader election on a Lease. Upstream: client-go tools/leaderelection.
import type { Clock, Logger, Rng } from "../base/index.ts";
import type { Client } from "./client.ts";

export interface LeaderElectionOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  /** Upstream's defaults: 15, 10, 2. */
  readonly leaseDurationSeconds?: number;
  readonly renewDeadlineSeconds?: number;
  readonly retryPeriodSeconds?: number;
  readonly signal: AbortSignal;
  /** Runs while this process leads; its signal aborts when leadership is lost. */
  readonly lead: (signal: AbortSignal) => Promise<void>;
}

/** Resolves after the signal aborted (the lease is released) or leadership was lost. */
export function runLeaderElection(_options: LeaderElectionOptions): Promise<void> {
  throw new Error("being written");
}
