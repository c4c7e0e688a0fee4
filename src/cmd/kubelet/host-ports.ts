// Host ports of a node's pods, kept by whoever runs its kubelet: in process by `t8s up`, in `t8s kubelet` when it is told to.
import { createInformerFactory } from "../../client/index.ts";
import { createHostPorts } from "../../network/index.ts";
import { createNftHostPorts } from "../../network/node/index.ts";
import type { ComponentBase } from "../components.ts";

export interface HostPortSettings {
  readonly nodeName: string;
  /** Sets the nftables tables apart from another's. */
  readonly rulesName: string;
  /** Pods' range whose connections are masqueraded, where the bridge's packets pass no rules. */
  readonly masqueradeFrom?: string | undefined;
}

/** With the node's own identity: the service proxy's may not read pods. Resolves after the signal aborted; rules stay. */
export async function runHostPorts(base: ComponentBase, settings: HostPortSettings): Promise<void> {
  const { nodeName, rulesName, masqueradeFrom } = settings;
  const log = base.log.child("hostports");
  const informers = createInformerFactory(base);
  const backend = createNftHostPorts({
    cluster: rulesName,
    ...(masqueradeFrom === undefined ? {} : { masqueradeFrom }),
    log,
  });
  const hostPorts = createHostPorts({ ...base, informers, backend, nodeName, log });
  informers.start();
  await hostPorts.run(base.signal);
}
