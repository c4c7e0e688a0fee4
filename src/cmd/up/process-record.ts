// What the process of a cluster tells others about itself: a file beside its data.
import { type ClusterLayout, type ProcessRecord, readRecord, writeOwnRecord } from "../../cluster/index.ts";

export interface Stage {
  readonly name: string;
  /** Milliseconds from the start of the command. */
  readonly atMs: number;
}

export interface ClusterProcess extends ProcessRecord {
  readonly mode: "containers" | "simulated";
  readonly ready: boolean;
  readonly stages: readonly Stage[];
  /** Lines that `up` prints once everything runs. */
  readonly summary?: string;
}

export const readProcess = (layout: ClusterLayout): ClusterProcess | undefined =>
  readRecord<ClusterProcess>(layout.processFile);

export const writeProcess = (layout: ClusterLayout, state: Omit<ClusterProcess, keyof ProcessRecord>): void =>
  writeOwnRecord(layout.processFile, { ...state });
