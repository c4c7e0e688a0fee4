// Variables that name the services of a namespace, as Docker links did. Upstream: pkg/kubelet/envvars.
import type { Service } from "../../api/index.ts";

export type Environment = Map<string, string>;

const upper = (text: string): string => text.toUpperCase().replaceAll("-", "_");
const joined = (host: string, port: number): string => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);

/** Services without a cluster IP have none. */
export function serviceVariables(services: readonly Service[]): Environment {
  const env: Environment = new Map();
  for (const service of services) {
    const host = service.spec.clusterIP;
    if (host === undefined || host === "" || host === "None") continue;
    const prefix = upper(service.metadata.name);
    const ports = service.spec.ports ?? [];
    env.set(`${prefix}_SERVICE_HOST`, host);
    ports.forEach((port, index) => {
      if (index === 0) env.set(`${prefix}_SERVICE_PORT`, String(port.port));
      if (port.name) env.set(`${prefix}_SERVICE_PORT_${upper(port.name)}`, String(port.port));
    });
    ports.forEach((port, index) => {
      const protocol = port.protocol ?? "TCP";
      const url = `${protocol.toLowerCase()}://${joined(host, port.port)}`;
      const one = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
      if (index === 0) env.set(`${prefix}_PORT`, url);
      env.set(one, url);
      env.set(`${one}_PROTO`, protocol.toLowerCase());
      env.set(`${one}_PORT`, String(port.port));
      env.set(`${one}_ADDR`, host);
    });
  }
  return env;
}

/** Services a pod of the namespace sees: its own ones, and always `kubernetes` in `default`. */
export function visibleServices(all: readonly Service[], namespace: string, links: boolean): Service[] {
  const seen = new Map<string, Service>();
  for (const service of all) {
    const { name, namespace: home } = service.metadata;
    if (home === "default" && name === "kubernetes") {
      if (!seen.has(name)) seen.set(name, service);
    } else if (links && home === namespace) seen.set(name, service);
  }
  return [...seen.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}
