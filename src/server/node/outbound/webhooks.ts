// HTTPS calls of webhooks with node's own client. One agent for each set of authorities and credentials keeps connections for the next call;
// what goes wrong is said in Go's words, which clients of the API read.
import { type IncomingMessage, request as plainRequest } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import type { WebhookAnswer, WebhookCall, WebhookConnections } from "../../contract.ts";
import { goErrorText } from "./go-errors.ts";

/** Agents beyond this are closed, the longest unused first. Upstream: util/webhook's cache of clients. */
const mostAgents = 200;

export function webhookConnections(): WebhookConnections {
  const agents = new Map<string, Agent>();
  const agentOf = (call: WebhookCall): Agent => {
    const { authorities = "", certificate, key } = call;
    const identity = certificate === undefined ? authorities : [authorities, certificate, key].join("\n");
    const name = call.insecure === true ? `any ${identity}` : identity;
    let agent = agents.get(name);
    if (agent !== undefined) agents.delete(name);
    else
      agent = new Agent({
        keepAlive: true,
        maxFreeSockets: 25,
        minVersion: "TLSv1.2",
        ALPNProtocols: ["http/1.1"],
        rejectUnauthorized: call.insecure !== true,
        // As in Go, whatever is in the bundle is trusted by itself, also an intermediate or the service's own certificate.
        ...(authorities === "" ? {} : { ca: authorities, allowPartialTrustChain: true }),
        ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key }),
      });
    agents.set(name, agent);
    for (const [key, oldest] of agents) {
      if (agents.size <= mostAgents) break;
      agents.delete(key);
      oldest.destroy();
    }
    return agent;
  };
  return {
    post: (call) => post(call, agentOf(call)),
    close() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

async function post(call: WebhookCall, agent: Agent): Promise<WebhookAnswer> {
  const deadline = AbortSignal.timeout(call.timeoutMs);
  const signal = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal]);
  for (let attempt = 1; ; attempt++) {
    try {
      return await follow(call, { agent, signal });
    } catch (error) {
      if (deadline.aborted) throw new Error("context deadline exceeded");
      if (signal.aborted) throw new Error("context canceled");
      if (error instanceof BrokenConnection && error.reused && attempt === 1) continue;
      throw new Error(
        goErrorText(
          error instanceof BrokenConnection ? error.reason : error,
          call.serverName ?? new URL(call.url).hostname,
        ),
      );
    }
  }
}

const mostRedirects = 10;

/** Redirects are followed as Go's client does: the old ones become a GET, the new ones repeat the POST. */
async function follow(call: WebhookCall, options: { agent: Agent; signal: AbortSignal }): Promise<WebhookAnswer> {
  let next = call;
  for (let count = 0; count <= mostRedirects; count++) {
    const answer = await exchange(next, options);
    const location = answer.headers["location"];
    if (typeof location !== "string" || ![301, 302, 303, 307, 308].includes(answer.status)) return answer;
    const url = new URL(location, next.url);
    const { connectTo, ...rest } = next;
    // What the host stood for it still stands for.
    const there = connectTo !== undefined && url.host === new URL(call.url).host ? { connectTo } : {};
    const repeated = { ...rest, ...there, url: url.href };
    next = answer.status < 307 ? { ...repeated, method: "GET", body: new Uint8Array(0) } : repeated;
  }
  throw new Error(`stopped after ${mostRedirects} redirects`);
}

/** The peer may close a kept connection at the moment it is used again: then a new one is tried. */
class BrokenConnection extends Error {
  readonly reason: unknown;
  readonly reused: boolean;

  constructor(reason: unknown, reused: boolean) {
    super("the connection broke");
    this.reason = reason;
    this.reused = reused;
  }
}

function exchange(call: WebhookCall, options: { agent: Agent; signal: AbortSignal }): Promise<WebhookAnswer> {
  const url = new URL(call.url);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const secure = url.protocol === "https:";
  const { host, port } = call.connectTo ?? { host: hostname, port: Number(url.port || (secure ? 443 : 80)) };
  return new Promise((resolve, reject) => {
    const make = secure ? httpsRequest : plainRequest;
    const outgoing = make({
      host,
      port,
      ...(secure
        ? { agent: options.agent, servername: call.serverName ?? (isIP(hostname) === 0 ? hostname : "") }
        : {}),
      method: call.method ?? "POST",
      path: url.pathname + url.search,
      headers: {
        host: url.host,
        accept: "application/json, */*",
        "accept-encoding": "identity",
        ...(call.method === "GET" ? {} : { "content-type": "application/json", "content-length": call.body.length }),
        "user-agent": call.userAgent ?? "kube-apiserver-admission",
        ...call.headers,
        ...(call.authorization === undefined ? {} : { authorization: call.authorization }),
      },
      signal: options.signal,
    });
    outgoing.on("error", (error) => reject(new BrokenConnection(error, outgoing.reusedSocket)));
    outgoing.on("response", (incoming) => collect(incoming).then(resolve, reject));
    outgoing.end(call.method === "GET" ? undefined : call.body);
  });
}

async function collect(incoming: IncomingMessage): Promise<WebhookAnswer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  const { statusCode: status = 0, statusMessage: statusText = "", headers } = incoming;
  return { status, statusText, headers, body };
}
