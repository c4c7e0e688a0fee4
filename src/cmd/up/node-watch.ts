// Waiting for nodes inside the process that holds the control plane.
import { type Node, nodes } from "../../api/index.ts";
import { onAbort } from "../../base/index.ts";
import type { ControlPlane } from "../apiserver/control-plane.ts";

export const isReady = (node: Node): boolean =>
  node.status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") ?? false;

/** Ready by the word of a kubelet that spoke since then; a cluster that is resumed has what kubelets said before it ended. */
export const isReadySince = (node: Node, sinceMs: number): boolean =>
  node.status?.conditions?.some(
    (each) =>
      each.type === "Ready" &&
      each.status === "True" &&
      // Times in objects are whole seconds.
      Date.parse(each.lastHeartbeatTime ?? "") >= Math.floor(sinceMs / 1000) * 1000,
  ) ?? false;

/** The first node that fits; undefined when the signal aborts before there is one. */
export async function whenNode(
  plane: Pick<ControlPlane, "reader">,
  fits: (node: Node) => boolean,
  signal: AbortSignal,
): Promise<Node | undefined> {
  let unsubscribe = (): void => {};
  let forget = (): void => {};
  try {
    return await new Promise<Node | undefined>((resolve) => {
      forget = onAbort(signal, () => resolve(undefined));
      unsubscribe = plane.reader.subscribe(nodes, {
        upsert: (node) => {
          if (fits(node)) resolve(node);
        },
        remove: () => {},
      });
    });
  } finally {
    unsubscribe();
    forget();
  }
}
