// Walking the containers of a pod.
import type { Container, PodSpec } from "../../../../facts/types/core.v1.ts";
import { child, item } from "../validate.ts";

/** All containers with their paths: init, regular, ephemeral. */
export const allContainers = (spec: PodSpec, at: string): { container: Container; path: string }[] =>
  (["initContainers", "containers", "ephemeralContainers"] as const).flatMap((list) =>
    ((spec[list] ?? []) as Container[]).map((container, index) => ({ container, path: item(child(at, list), index) })),
  );
