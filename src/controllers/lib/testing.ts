// Makers of objects for this room's tests.
import type { core_v1 } from "../../api/index.ts";
import type { ObjectMeta } from "../../machinery/index.ts";

let made = 0;

export const meta = (name: string, rest: Partial<ObjectMeta> = {}): ObjectMeta => ({
  name,
  namespace: "ns",
  uid: `uid-${name}`,
  resourceVersion: String(++made),
  creationTimestamp: "2026-01-01T00:00:00Z",
  generation: 1,
  ...rest,
});

export interface PodMaking extends Partial<ObjectMeta> {
  readonly phase?: string;
  readonly ready?: boolean;
  readonly readySince?: string;
  readonly nodeName?: string;
  readonly restarts?: number;
  readonly exitCode?: number;
  readonly finishedAt?: string;
}

export function makePod(name: string, options: PodMaking = {}): core_v1.Pod {
  const { phase = "Running", ready = phase === "Running", nodeName, restarts = 0, exitCode, ...rest } = options;
  const { readySince = "2026-01-01T00:00:00Z", finishedAt = "2026-01-01T00:00:00Z", ...metadata } = rest;
  const state = exitCode === undefined ? { running: {} } : { terminated: { exitCode, finishedAt } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: meta(name, metadata),
    spec: { containers: [{ name: "c", image: "i" }], ...(nodeName ? { nodeName } : {}) },
    status: {
      phase,
      conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: readySince }],
      containerStatuses: [{ name: "c", image: "i", imageID: "", ready, restartCount: restarts, state }],
    },
  } as core_v1.Pod;
}

export const ownedBy = (kind: string, name: string): Pick<ObjectMeta, "ownerReferences"> => ({
  ownerReferences: [{ apiVersion: "v1", kind, name, uid: `uid-${name}`, controller: true, blockOwnerDeletion: true }],
});

/** 2026-01-01T00:00:00Z plus seconds. */
export const at = (seconds: number): number => Date.UTC(2026, 0, 1) + seconds * 1000;
