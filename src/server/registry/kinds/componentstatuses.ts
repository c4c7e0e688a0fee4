// The health of the control plane's components, asked when somebody reads it. Upstream: registry/core/componentstatus.

import type { ComponentStatus } from "../../../api/index.ts";
import { errorText } from "../../../base/index.ts";
import type { KubeObject } from "../../../machinery/index.ts";
import type { KindHooks } from "../../core.ts";

/** Resolves to what the component says of itself when it is well (`ok`); rejects with why it is not. */
export type ComponentProbe = () => Promise<string>;

export const componentStatusHooks = (probes: Readonly<Record<string, ComponentProbe>>): KindHooks => ({
  computed: () => Promise.all(Object.entries(probes).map(([name, probe]) => statusOf(name, probe))),
});

async function statusOf(name: string, probe: ComponentProbe): Promise<KubeObject> {
  const outcome = await probe().then(
    (message) => ({ status: "True" as const, message }),
    (error: unknown) => ({ status: "False" as const, message: errorText(error) }),
  );
  const status = {
    kind: "ComponentStatus",
    apiVersion: "v1",
    metadata: { name },
    conditions: [{ type: "Healthy", ...outcome }],
  };
  return status as ComponentStatus as KubeObject;
}
