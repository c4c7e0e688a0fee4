// Connections to kubelets, pods and nodes. Kubelets are spoken to with the API server's own client certificate; a pod's or
// service's certificate is not checked, as upstream does not.

import {
  type Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  Agent as PlainAgent,
  type RequestOptions,
} from "node:http";
import { request as httpsRequest, Agent as TlsAgent } from "node:https";
import { isIP } from "node:net";
import type { ApiRequest, ApiResponse } from "../../../machinery/index.ts";
import type { NodeDialer } from "../../contract.ts";
import { goErrorText } from "./go-errors.ts";

export interface KubeletTls {
  /** PEM of the API server's client certificate for kubelets, and its key. */
  readonly cert?: string;
  readonly key?: string;
  /** PEM of the authority of kubelets' serving certificates; without it they are not checked (upstream's default). */
  readonly ca?: string;
}

export interface DialTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** False: any certificate will do, and ours is not shown. */
  readonly verify?: boolean;
}

export interface NodeConnections extends NodeDialer {
  /** Options for node's own request functions: agent-less, for upgrades. */
  connection(
    target: DialTarget,
  ): RequestOptions & { readonly rejectUnauthorized?: boolean; readonly servername?: string };
  close(): void;
}

/** Idle connections are kept for a while: logs and probes of one node come in bunches. */
const keep = { keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: 4 } as const;

export function nodeConnections(kubelet: KubeletTls): NodeConnections {
  const client = {
    ...(kubelet.cert === undefined ? {} : { cert: kubelet.cert }),
    ...(kubelet.key === undefined ? {} : { key: kubelet.key }),
    ...(kubelet.ca === undefined ? { rejectUnauthorized: false } : { ca: kubelet.ca, allowPartialTrustChain: true }),
  };
  const agents = {
    plain: new PlainAgent(keep),
    kubelet: new TlsAgent({ ...keep, ...client }),
    unverified: new TlsAgent({ ...keep, rejectUnauthorized: false }),
  };
  const agentOf = (target: DialTarget): HttpAgent =>
    !target.tls ? agents.plain : target.verify === false ? agents.unverified : agents.kubelet;
  return {
    request: (target, request) => send({ target, request, agent: agentOf(target) }),
    connection: ({ host, port, tls, verify }) => ({
      host,
      port,
      agent: false,
      servername: serverName(host),
      ...leniency({ host, port, tls, ...(verify === undefined ? {} : { verify }) }),
      ...(!tls ? {} : verify === false ? { rejectUnauthorized: false } : client),
    }),
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

/**
 * Who the certificate must be for. Said always: otherwise node takes the Host header for it, which on a proxied request is the
 * client's to choose. Addresses are no server names; they are checked against the address connected to.
 */
const serverName = (host: string): string => (isIP(host) === 0 ? host : "");

/** Containers write what their languages' libraries write, such as header lines without a CR: Go's client reads those. */
const leniency = ({ tls, verify }: DialTarget): { readonly insecureHTTPParser?: true } =>
  tls && verify !== false ? {} : { insecureHTTPParser: true };

function send({
  target,
  request,
  agent,
}: {
  target: DialTarget;
  request: ApiRequest;
  agent: HttpAgent;
}): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const query = request.query === undefined || request.query.size === 0 ? "" : `?${request.query}`;
    const body = request.body instanceof Uint8Array ? request.body : undefined;
    const make = target.tls ? httpsRequest : httpRequest;
    const outgoing = make({
      host: target.host,
      port: target.port,
      servername: serverName(target.host),
      method: request.method,
      path: request.path + query,
      headers: withLength(request.headers as Record<string, string>, body),
      agent,
      ...leniency(target),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    outgoing.on("error", (error) => reject(new Error(goErrorText(error, target.host), { cause: error })));
    outgoing.on("response", (incoming) => resolve(responseOf(incoming)));
    outgoing.end(body);
  });
}

/** Node says no length for a DELETE of its own accord: the other side would take the body for the connection's next request. */
export const withLength = <H extends object>(
  headers: H,
  body: Uint8Array | undefined,
): H & { "content-length"?: string } =>
  body === undefined ? headers : { ...headers, "content-length": String(body.length) };

export function responseOf(incoming: IncomingMessage): ApiResponse {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(incoming.headers)) if (value !== undefined) headers[name] = value;
  return { status: incoming.statusCode ?? 502, headers, stream: chunksOf(incoming) };
}

/** Ends the connection when the reader stops early. */
async function* chunksOf(incoming: IncomingMessage): AsyncGenerator<Uint8Array, void, void> {
  try {
    for await (const chunk of incoming) yield chunk;
  } finally {
    incoming.destroy();
  }
}
