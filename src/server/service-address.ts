// Where a service is reached from the API server: its cluster IP. Upstream: apiserver/pkg/util/proxy ResolveCluster.
import { services } from "../api/index.ts";
import type { ObjectReader } from "./contract.ts";

export interface ServicePort {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** Throws an Error with upstream's text when there is no way to it. */
export function resolveService(
  reader: ObjectReader,
  { namespace, name, port }: ServicePort,
): {
  host: string;
  port: number;
} {
  const service = reader.get(services, namespace, name);
  if (service === undefined) throw new Error(`service ${JSON.stringify(name)} not found`);
  const { type = "ClusterIP", clusterIP = "", externalName = "", ports = [] } = service.spec;
  if (type === "ExternalName") return { host: externalName, port };
  if (!["ClusterIP", "LoadBalancer", "NodePort"].includes(type))
    throw new Error(`unsupported service type ${JSON.stringify(type)}`);
  if (clusterIP === "None" && type === "ClusterIP") throw new Error('cannot route to service with ClusterIP "None"');
  if (!ports.some((each) => each.port === port))
    throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
  return { host: clusterIP, port };
}
