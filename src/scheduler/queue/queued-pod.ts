// A pod in the queue, or between pop and done.
import type { PodInfo } from "../snapshot/pod-info.ts";

export interface QueuedPod {
  info: PodInfo;
  /** Clock.monotonic() of entering the queue, anew after each attempt. */
  timestampMs: number;
  /** Breaks ties of time, so that equal pods keep their order. */
  readonly order: number;
  attempts: number;
  /** Of the first time in the active queue; undefined before that. */
  firstAttemptMs: number | undefined;
  /** Attempts that found no place, and errors since the last such attempt: how long to back off. */
  unschedulableCount: number;
  consecutiveErrors: number;
  /** When the back-off ends; undefined until asked for. */
  backoffUntilMs: number | undefined;
  /** Who rejected it: only what these plugins registered for can bring it back. */
  readonly unschedulablePlugins: Set<string>;
  /** The preEnqueue plugin that keeps it out of the active queue; "" for none. */
  gatedBy: string;
  /** Brought back because it waited for long, not by an event. */
  flushed: boolean;
}

export const isGated = (pod: QueuedPod): boolean => pod.gatedBy !== "";
