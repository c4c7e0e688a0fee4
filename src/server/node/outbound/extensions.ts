// Connections to extension servers. The front proxy's client certificate is shown to all of them; each one's certificate is
// checked against the authorities that its APIService names. One pool of kept connections a server.
import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import type { ApiResponse } from "../../../machinery/index.ts";
import type { ExtensionDialer, ExtensionRequest, ExtensionTarget } from "../../aggregation/contract.ts";
import { carryUpgrade } from "../upgrade.ts";
import { responseOf, withLength } from "./dialer.ts";

export interface FrontProxyCertificate {
  /** PEM, the leaf first. */
  readonly cert: string;
  readonly key: string;
}

const mostPools = 64;
const keep = { keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: 8 } as const;

/** Without a certificate extension servers will take the user's name from nobody. */
export function createExtensionDialer(certificate?: FrontProxyCertificate): ExtensionDialer {
  const pools = new Map<string, Agent>();
  const tlsOf = ({ serverName, authorities, insecure }: ExtensionTarget) => ({
    ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }),
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    // As in Go, whatever is in the bundle is trusted by itself, also an intermediate or the server's own certificate.
    ...(insecure
      ? { rejectUnauthorized: false }
      : authorities === undefined
        ? {}
        : { ca: authorities, allowPartialTrustChain: true }),
  });
  function poolOf(target: ExtensionTarget): Agent {
    const key = JSON.stringify(target);
    const known = pools.get(key);
    if (known !== undefined) return known;
    for (const [oldest, agent] of pools) {
      if (pools.size < mostPools) break;
      agent.destroy();
      pools.delete(oldest);
    }
    const agent = new Agent({ ...keep, ...tlsOf(target) });
    pools.set(key, agent);
    return agent;
  }
  return {
    request: (target, request) => send(target, request, poolOf(target)),
    upgrade: (target, request) => ({
      takeOver(socket, head) {
        const outgoing = httpsRequest({ ...optionsOf(target, request), agent: false, ...tlsOf(target) });
        carryUpgrade(outgoing, { client: socket as Duplex, head }, (error) => goText(error, target));
      },
    }),
    close() {
      for (const agent of pools.values()) agent.destroy();
      pools.clear();
    },
  };
}

const optionsOf = ({ host, port }: ExtensionTarget, request: ExtensionRequest): RequestOptions => ({
  host,
  port,
  method: request.method,
  path: request.path,
  headers: withLength(request.headers as Record<string, string | string[]>, request.body),
});

function send(target: ExtensionTarget, request: ExtensionRequest, agent: Agent): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const outgoing: ClientRequest = httpsRequest({
      ...optionsOf(target, request),
      agent,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    outgoing.on("error", (error) => reject(new Error(goText(error, target, request.signal), { cause: error })));
    outgoing.on("response", (incoming: IncomingMessage) => resolve(responseOf(incoming)));
    outgoing.end(request.body);
  });
}

/** Node's failures in Go's words, which end up in conditions and answers that people search for. */
function goText(error: Error, { host, port, serverName }: ExtensionTarget, signal?: AbortSignal): string {
  if (signal?.aborted) return signal.reason?.name === "TimeoutError" ? "context deadline exceeded" : "context canceled";
  const { code = "" } = error as NodeJS.ErrnoException;
  const dial = `dial tcp ${host.includes(":") ? `[${host}]` : host}:${port}:`;
  const untrusted = "tls: failed to verify certificate: x509:";
  switch (code) {
    case "ECONNREFUSED":
      return `${dial} connect: connection refused`;
    case "EHOSTUNREACH":
      return `${dial} connect: no route to host`;
    case "ENETUNREACH":
      return `${dial} connect: network is unreachable`;
    case "ETIMEDOUT":
      return `${dial} i/o timeout`;
    case "ENOTFOUND":
      return `dial tcp: lookup ${host}: no such host`;
    case "ECONNRESET":
      return "EOF";
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return `${untrusted} certificate signed by unknown authority`;
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return `${untrusted} certificate has expired or is not yet valid`;
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `${untrusted} certificate is not valid for ${serverName}`;
    default:
      return error.message;
  }
}
