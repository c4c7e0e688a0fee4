// Ranges of cluster IPs tell that they are ready, and stay while addresses that were given from them are in no other range.
// Upstream: pkg/controller/servicecidrs.
import { type IPAddress, ipAddresses, type ServiceCIDR, serviceCIDRs } from "../../api/index.ts";
import { formatTime, isNotFound, parseTime } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import { mayGo, overlapping, rangesOf } from "./decide.ts";

const finalizer = "networking.k8s.io/service-cidr-finalizer";
const fieldManager = "service-cidr-controller";
/** So that every API server has heard of the deletion and gives no more addresses. */
const deletionGraceMs = 10_000;

export async function runServiceCidrs(context: ControllerContext): Promise<void> {
  const { clock } = context;
  const client = context.client.of(serviceCIDRs);
  const queue = newQueue(context, "ipaddresses");
  const wake = (ranges: readonly ServiceCIDR[]): void => {
    for (const range of ranges) queue.add(range.metadata.name);
  };
  const wakeAround = (range: ServiceCIDR): void => wake([range, ...overlapping(range, ranges.list())]);
  const wakeOf = (address: IPAddress): void => wake(rangesOf(address, ranges.list()));
  const ranges = context.informers.informer(serviceCIDRs);
  watch(context, serviceCIDRs, { add: wakeAround, update: (_, range) => wake([range]), delete: wakeAround });
  const addresses = watch(context, ipAddresses, { add: wakeOf, delete: wakeOf });

  const tell = async (range: ServiceCIDR, told: Told): Promise<void> => {
    const { name } = range.metadata;
    const known = range.status?.conditions?.find((each) => each.type === "Ready");
    if (known?.status === told.status && known.reason === told.reason && known.message === told.message) return;
    const condition = { type: "Ready", ...told, lastTransitionTime: formatTime(clock.now()) };
    await client.patch(
      { name },
      {
        apiVersion: "networking.k8s.io/v1",
        kind: "ServiceCIDR",
        metadata: { name },
        status: { conditions: [condition] },
      },
      { type: "apply", subresource: "status", fieldManager, force: true },
    );
  };
  const release = async (range: ServiceCIDR): Promise<number | undefined> => {
    if (!mayGo(range, ranges.list(), addresses.list())) {
      await tell(range, terminating);
      return undefined;
    }
    const leftMs = deletionGraceMs - (clock.now() - parseTime(range.metadata.deletionTimestamp));
    if (leftMs > 0) return leftMs;
    if (range.metadata.finalizers?.includes(finalizer))
      await client.patch(
        range.metadata,
        { metadata: { "$deleteFromPrimitiveList/finalizers": [finalizer] } },
        { type: "strategic" },
      );
    return undefined;
  };
  await runLoop(context, {
    queue,
    informers: [ranges, addresses],
    reconcile: async (name) => {
      const range = ranges.get("", name);
      if (range === undefined) return undefined;
      try {
        if (range.metadata.deletionTimestamp !== undefined) return await release(range);
        if (!range.metadata.finalizers?.includes(finalizer))
          await client.patch({ name }, { metadata: { finalizers: [finalizer] } }, { type: "strategic" });
        await tell(range, ready);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      return undefined;
    },
  });
}

interface Told {
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}
const ready: Told = { status: "True", reason: "", message: "Kubernetes Service CIDR is ready" };
const terminating: Told = {
  status: "False",
  reason: "Terminating",
  message: "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR",
};
