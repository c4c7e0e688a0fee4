// Which cluster a process holds as a whole.
import type { Logger, LogLevel } from "../../base/index.ts";
import type { ClusterConfig, ClusterLayout } from "../../cluster/index.ts";
import type { RuntimeConfig } from "../../server/index.ts";

export interface AllInOneOptions {
  readonly layout: ClusterLayout;
  readonly config: ClusterConfig;
  readonly mode: "containers" | "simulated";
  readonly nodeCount: number;
  /** Files of the audit policy and log; both or nothing is written. */
  readonly audit?: { readonly file: string | undefined; readonly path: string | undefined };
  readonly featureGates?: Readonly<Record<string, boolean>>;
  readonly runtimeConfig?: RuntimeConfig;
  /** Volumes of host path classes are made: directories of this machine. */
  readonly hostPathProvisioner?: boolean;
  readonly log: Logger;
  /** The least that it writes, for what runs in another thread; "warn" when not given. */
  readonly logLevel?: () => LogLevel;
  /** Changes how much the log says: `/debug/flags/v`. */
  readonly setVerbosity?: (verbosity: number) => void;
  /** Called when a part has come up. */
  readonly onStage: (stage: "API server" | "node ready", detail: string) => void;
}
