// IPAddress objects of services: the store decides by them who has an address.
// Upstream: pkg/registry/core/service/ipallocator/ipallocator.go createIPAddress and release.
import { type IPAddress, ipAddresses } from "../../../../api/index.ts";
import type { Logger } from "../../../../base/index.ts";
import { isAlreadyExists, isNotFound } from "../../../../machinery/index.ts";
import type { ObjectWriter } from "../../../contract.ts";
import { allocatorName, familyLabel, familyOf, managedByLabel } from "./address-book.ts";

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

export interface AddressObjects {
  /** False when somebody else has the address. Throws what else keeps the object from being made. */
  create(ip: string, service: ServiceName): Promise<boolean>;
  /** What can not be removed is told in the log; the repair loop finds it. */
  release(ips: readonly string[]): Promise<void>;
}

export function createAddressObjects(host: {
  /** Made later than the hooks. */
  readonly writer: () => ObjectWriter;
  readonly log: Logger;
}): AddressObjects {
  return {
    async create(ip, service) {
      try {
        await host.writer().create(ipAddresses, addressObject(ip, service));
        return true;
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        return false;
      }
    },
    async release(ips) {
      for (const ip of ips)
        try {
          await host.writer().remove(ipAddresses, { namespace: "", name: ip });
        } catch (error) {
          if (!isNotFound(error)) host.log.warn("the IPAddress of a service was not removed", { ip, error });
        }
    },
  };
}

export const addressObject = (ip: string, { namespace, name }: ServiceName): IPAddress =>
  ({
    apiVersion: "networking.k8s.io/v1",
    kind: "IPAddress",
    metadata: { name: ip, labels: { [familyLabel]: familyOf(ip), [managedByLabel]: allocatorName } },
    spec: { parentRef: { resource: "services", namespace, name } },
  }) as unknown as IPAddress;
