// Walking the containers of a pod.
import type { Container, PodSpec } from "../../../../facts/types/core.v1.ts";
import { child, item } from "../validate.ts";

/** All containers with their paths: init, regular, ephemeral. */
export function allContainers(spec: PodSpec, at: string): { container: Container; path: string }[] {
  const all: { container: Container; path: string }[] = [];
  for (const list of lists) {
    const containers = spec[list] as readonly Container[] | undefined | null;
    if (!containers) continue;
    const path = child(at, list);
    for (let index = 0; index < containers.length; index++)
      all.push({ container: containers[index] as Container, path: item(path, index) });
  }
  return all;
}

/** The same as calls; the path of a container is written when `pathIn` is asked for it. */
export function eachContainer(
  spec: PodSpec,
  use: (container: Container, pathIn: (at: string) => string) => void,
): void {
  for (const list of lists) {
    const containers = spec[list] as readonly Container[] | undefined | null;
    if (!containers) continue;
    for (let index = 0; index < containers.length; index++)
      use(containers[index] as Container, (at) => item(child(at, list), index));
  }
}
const lists = ["initContainers", "containers", "ephemeralContainers"] as const;
