// The Ready condition of the ServiceCIDR that the server makes at its start. Upstream: pkg/controlplane/controller/defaultservicecidr.
import { type ServiceCIDR, serviceCIDRs } from "../../api/index.ts";
import type { Clock, Logger } from "../../base/index.ts";
import { formatTime, type Transport } from "../../machinery/index.ts";
import type { ObjectReader } from "../contract.ts";

const name = "kubernetes";

export const statusManager = "kubernetes-service-cidr-controller";

/** What is applied to the object. */
export const readyStatus = (nowMs: number) => ({
  status: {
    conditions: [
      {
        type: "Ready",
        status: "True",
        lastTransitionTime: formatTime(nowMs),
        message: "Kubernetes default Service CIDR is ready",
      },
    ],
  },
});

/** Says that the range is ready when nobody has said anything about it and it is the one that this server was started with. */
export async function markServiceCIDRReady(
  host: { readonly reader: ObjectReader; readonly transport: Transport; readonly clock: Clock; readonly log: Logger },
  ranges: string,
): Promise<void> {
  const range = await host.reader.getFresh<ServiceCIDR>(serviceCIDRs, "", name);
  if (range === undefined || range.metadata.deletionTimestamp !== undefined) return;
  const [own, wanted] = [range.spec?.cidrs ?? [], ranges.split(",")];
  if (own.length !== wanted.length || own.some((each, index) => each !== wanted[index])) {
    host.log.warn("the default ServiceCIDR is not what --service-cluster-ip-range says", { own, wanted });
    return;
  }
  if (range.status?.conditions?.some(({ type, status }) => type === "Ready" && status !== "Unknown")) return;
  const { status } = await host.transport.request({
    method: "PATCH",
    path: `/apis/networking.k8s.io/v1/servicecidrs/${name}/status`,
    query: new URLSearchParams({ fieldManager: statusManager, force: "true" }),
    headers: { "content-type": "application/apply-patch+yaml" },
    body: {
      apiVersion: "networking.k8s.io/v1",
      kind: "ServiceCIDR",
      metadata: { name },
      ...readyStatus(host.clock.now()),
    },
  });
  if (status >= 400) host.log.warn("the condition of the default ServiceCIDR was not written", { status });
}
