// The proxy's rules in the kernel: one nft transaction a change, conntrack for flows that remember old rules, and the HTTP
// servers of health-check node ports.
import { createServer, type Server } from "node:http";
import type { Logger } from "../../../base/index.ts";
import { endFlow } from "../../node/conntrack.ts";
import { runNft } from "../../node/nft.ts";
import type { ProxyBackend } from "../backend.ts";
import type { HealthCheck, IpFamily } from "../plan.ts";
import { type Ruleset, removeProxyRules, rulesOf, transaction } from "../rules.ts";

export interface NftBackendOptions {
  readonly cluster: string;
  /** Pods' ranges, one a family at most. */
  readonly clusterCidrs: readonly string[];
  readonly masqueradeAll?: boolean;
  readonly log: Logger;
  /** Runs a transaction; nft itself when not given. */
  readonly runRules?: (transaction: string) => Promise<void>;
}

export function createNftBackend(options: NftBackendOptions): ProxyBackend {
  const run = options.runRules ?? runNft;
  const inForce = new Map<IpFamily, Ruleset>();
  const servers = new Map<string, { readonly server: Server; check: HealthCheck }>();
  const cidrOf = (family: IpFamily): string | undefined =>
    options.clusterCidrs.find((cidr) => cidr.includes(":") === (family === "ipv6"));
  return {
    async apply(plans) {
      for (const plan of plans) {
        const clusterCidr = cidrOf(plan.family);
        const next = rulesOf(plan, {
          ...(clusterCidr === undefined ? {} : { clusterCidr }),
          ...(options.masqueradeAll ? { masqueradeAll: true } : {}),
        });
        const text = transaction(inForce.get(plan.family), next, { cluster: options.cluster, family: plan.family });
        if (text === "") continue;
        // After a refusal nobody knows what is in force: the next attempt writes everything anew.
        inForce.delete(plan.family);
        await run(text);
        inForce.set(plan.family, next);
      }
    },
    async endFlows(flows) {
      for (const flow of flows) await endFlow(flow, options.log);
    },
    async serveHealthChecks(checks, healthy) {
      const wanted = new Map(checks.map((check) => [`${check.service} ${check.port}`, check]));
      for (const [key, { server }] of servers)
        if (!wanted.has(key)) {
          server.close();
          servers.delete(key);
        }
      for (const [key, check] of wanted) {
        const known = servers.get(key);
        if (known !== undefined) known.check = check;
        else {
          const entry = serveHealth(check, healthy);
          servers.set(key, entry);
          entry.server.on("error", (error) => {
            options.log.warn("a health check node port cannot be served", {
              ...{ service: check.service, port: check.port, error },
            });
            if (servers.get(key) === entry) servers.delete(key);
          });
        }
      }
    },
    async close() {
      for (const { server } of servers.values()) server.close();
      servers.clear();
    },
  };
}

function serveHealth(first: HealthCheck, healthy: () => boolean): { readonly server: Server; check: HealthCheck } {
  const entry = {
    check: first,
    server: createServer((_, response) => {
      const { service, localEndpoints } = entry.check;
      const [namespace, name] = service.split("/");
      const serviceProxyHealthy = healthy();
      response.writeHead(localEndpoints > 0 && serviceProxyHealthy ? 200 : 503, {
        "content-type": "application/json",
        "x-content-type-options": "nosniff",
        "x-load-balancing-endpoint-weight": String(localEndpoints),
      });
      response.end(JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy }, null, "\t"));
    }),
  };
  entry.server.listen(first.port);
  return entry;
}

export const removeProxy = (cluster: string): Promise<void> => runNft(removeProxyRules(cluster));
