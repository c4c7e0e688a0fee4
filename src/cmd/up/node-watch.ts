// Waiting for nodes inside the process that holds the control plane.
import { type Node, nodes } from "../../api/index.ts";
import { onAbort } from "../../base/index.ts";
import type { ControlPlane } from "../apiserver/control-plane.ts";

export const isReady = (node: Node): boolean =>
  node.status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") ?? false;

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
