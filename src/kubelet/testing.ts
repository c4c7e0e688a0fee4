// Shapes that this room's tests share.
import type { Container, Pod, PodSpec } from "../api/index.ts";
import type { ContainerState } from "../runtime/index.ts";
import { containerHash } from "./labels.ts";
import type { ObservedContainer, ObservedPod } from "./observed.ts";

export function testPod(spec: Partial<PodSpec>, metadata: Partial<Pod["metadata"]> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "p",
      namespace: "ns",
      uid: "u",
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      generation: 1,
      ...metadata,
    },
    spec: { restartPolicy: "Always", containers: [{ name: "c", image: "x" }], ...spec },
  };
}

export function observedContainer(
  container: Container,
  state: ContainerState,
  more: Partial<ObservedContainer> = {},
): ObservedContainer {
  return {
    ...{
      id: `${container.name}-1`,
      sandboxId: "s",
      name: container.name,
      attempt: 0,
      image: container.image ?? "",
      imageRef: "sha256:x",
      state,
      createdAtMs: 1000,
      labels: {},
      annotations: {},
    },
    ...{
      startedAtMs: 2000,
      finishedAtMs: state === "exited" ? 3000 : 0,
      exitCode: 0,
      reason: "",
      message: "",
      logPath: "",
      mounts: [],
      hash: containerHash(container),
    },
    ...more,
  };
}

export function observedPod(
  containers: readonly ObservedContainer[],
  sandbox: { readonly state?: "ready" | "notReady"; readonly none?: true } = {},
): ObservedPod {
  const base = { name: "p", namespace: "ns", uid: "u", attempt: 0, createdAtMs: 500, labels: {}, annotations: {} };
  return {
    uid: "u",
    ips: ["10.0.0.2"],
    sandboxes: sandbox.none ? [] : [{ ...base, id: "s", state: sandbox.state ?? "ready", ips: ["10.0.0.2"] }],
    containers,
  };
}
