// Services: cluster addresses, node ports and health-check ports are given out on create and update and taken back when
// the write fails. Upstream: registry/core/service/storage/storage.go beginCreate and beginUpdate.
import { endpoints, type Service } from "../../../../api/index.ts";
import type { Logger } from "../../../../base/index.ts";
import { isNotFound, type KubeObject } from "../../../../machinery/index.ts";
import type { ObjectWriter } from "../../../contract.ts";
import type { KindHooks, Reservation } from "../../../core.ts";
import { addressesOf, canonicalIp } from "./address-book.ts";
import type { AddressObjects } from "./address-objects.ts";
import { allocateAddresses } from "./addresses.ts";
import { type Allocation, nodePortsOf, type ServiceAllocators, type Spec, Taken } from "./allocators.ts";
import { initFamilies, normalize } from "./families.ts";
import { allocatePorts } from "./ports.ts";

export function serviceHooks(host: {
  readonly allocators: ServiceAllocators;
  readonly objects: AddressObjects;
  readonly writer: () => ObjectWriter;
  readonly log: Logger;
}): KindHooks {
  const { allocators, objects } = host;
  const allocate = async (draft: KubeObject, old: KubeObject | undefined, dryRun: boolean): Promise<Reservation> => {
    const service = draft as Service;
    const spec = (service.spec ??= {} as Spec);
    const before = (old as Service | undefined)?.spec;
    if (before !== undefined) keepAllocated(spec, before);
    normalize(spec, before);
    const taken = new Taken(objects);
    const allocation: Allocation = { service, spec, before, allocators, objects, taken, dryRun };
    try {
      initFamilies(allocation);
      await allocateAddresses(allocation);
      allocatePorts(allocation);
    } catch (error) {
      await taken.rollback();
      throw error;
    }
    return taken;
  };
  return {
    returnsDeleted: true,
    beginCreate: (draft, _context, dryRun) => allocate(draft, undefined, dryRun),
    beginUpdate: (draft, old, context, dryRun) =>
      context.info.subresource === "" ? allocate(draft, old, dryRun) : new Taken(objects),
    async afterDelete(object) {
      const { namespace = "", name } = object.metadata;
      // Endpoints go with their service, so that the next of that name does not inherit them.
      try {
        await host.writer().remove(endpoints, { namespace, name });
      } catch (error) {
        if (!isNotFound(error))
          host.log.warn("the endpoints of a service were not deleted", { namespace, name, error });
      }
      await objects.release(addressesOf(object as Service).map(canonicalIp));
    },
  };
}

const hasNodePorts = (spec: Spec): boolean =>
  spec.type === "NodePort" || (spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false);
const hasHealthPort = (spec: Spec): boolean => spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";

/** What the old service has and the new one leaves out: clients need not send what they were given. */
function keepAllocated(spec: Spec, old: Spec): void {
  if (old.type !== "ExternalName" && spec.type !== "ExternalName") {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP;
    if ((spec.clusterIPs?.length ?? 0) === 0 && old.clusterIPs !== undefined) spec.clusterIPs = [...old.clusterIPs];
  }
  if (hasNodePorts(old) && hasNodePorts(spec)) keepNodePorts(spec, old);
  if (hasHealthPort(old) && hasHealthPort(spec) && !spec.healthCheckNodePort && old.healthCheckNodePort)
    spec.healthCheckNodePort = old.healthCheckNodePort;
}

/** By the port's name, unless another port asks for that very number. */
function keepNodePorts(spec: Spec, old: Spec): void {
  const asked = new Set(nodePortsOf(spec));
  const known = new Map((old.ports ?? []).map((port) => [port.name ?? "", port.nodePort ?? 0]));
  for (const port of spec.ports ?? []) {
    if (port.nodePort) continue;
    const before = known.get(port.name ?? "") ?? 0;
    if (before !== 0 && !asked.has(before)) port.nodePort = before;
  }
}
