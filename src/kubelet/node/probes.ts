// Probes over the network. Texts are those of upstream's pkg/probe/{http,tcp,grpc}, which carry Go's.
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { systemClock } from "../../base/index.ts";
import type { HostProbes, HttpProbe, ProbeAnswer } from "../host.ts";

const longestBody = 10 * 1024;

const goErrors: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  ECONNRESET: "connection reset by peer",
  ETIMEDOUT: "i/o timeout",
};
const hostPort = (host: string, port: number | string): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

function dialText(error: NodeJS.ErrnoException, target: string): string {
  const reason = goErrors[error.code ?? ""];
  if (error.code === "ENOTFOUND") return `dial tcp: lookup ${target.replace(/:\d+$/, "")}: no such host`;
  if (reason === undefined) return error.message;
  return error.syscall === "connect" ? `dial tcp ${target}: connect: ${reason}` : `read tcp ${target}: ${reason}`;
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

function ask(probe: HttpProbe, deadline: AbortSignal): Promise<Answer> {
  const url = new URL(probe.url);
  const headers: Record<string, string[]> = {};
  for (const [name, value] of probe.headers) (headers[name] ??= []).push(value);
  const hostHeader = probe.headers.find(([name]) => name.toLowerCase() === "host")?.[1];
  const make = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const asked = make(
      url,
      {
        method: "GET",
        headers: { ...headers, ...(hostHeader === undefined ? {} : { host: hostHeader }), connection: "close" },
        rejectUnauthorized: false,
        agent: false,
        // Go's client reads header lines without a CR, and containers write them.
        insecureHTTPParser: true,
        signal: deadline,
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        const finish = (): void =>
          resolve({
            status: response.statusCode ?? 0,
            location: response.headers.location,
            body: body.slice(0, longestBody),
          });
        response.on("data", (chunk: string) => {
          body += chunk;
          if (body.length > longestBody) response.destroy();
        });
        response.on("close", finish);
        response.on("error", reject);
      },
    );
    asked.on("error", reject);
    asked.end();
  });
}

async function http(probe: HttpProbe): Promise<ProbeAnswer> {
  const deadline = AbortSignal.timeout(probe.timeoutMs);
  const first = new URL(probe.url);
  let current = probe;
  try {
    for (let hops = 0; hops <= 10; hops++) {
      const { status, location, body } = await ask(current, deadline);
      if (status >= 300 && status < 400 && location !== undefined) {
        const next = new URL(location, current.url);
        // A way to another host is no answer of this one, but no failure either.
        if (next.hostname !== first.hostname)
          return { result: "warning", output: `Probe terminated redirects, Response body: ${body}` };
        current = { ...current, url: next.href };
        continue;
      }
      return status >= 200 && status < 400
        ? { result: "success", output: body }
        : { result: "failure", output: `HTTP probe failed with statuscode: ${status}` };
    }
    return { result: "failure", output: `Get ${JSON.stringify(current.url)}: stopped after 10 redirects` };
  } catch (error) {
    const quoted = JSON.stringify(probe.url);
    if (deadline.aborted)
      return {
        result: "failure",
        output: `Get ${quoted}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
      };
    const target = hostPort(
      first.hostname.replace(/^\[|\]$/g, ""),
      first.port || (first.protocol === "https:" ? 443 : 80),
    );
    const failure = error as NodeJS.ErrnoException;
    if (failure.code === "ECONNRESET" && failure.message === "socket hang up")
      return { result: "failure", output: `Get ${quoted}: EOF` };
    return { result: "failure", output: `Get ${quoted}: ${dialText(failure, target)}` };
  }
}

function tcp({ host, port, timeoutMs }: { host: string; port: number; timeoutMs: number }): Promise<ProbeAnswer> {
  const target = hostPort(host, port);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.setTimeout(timeoutMs, () => {
      socket.destroy();
      resolve({ result: "failure", output: `dial tcp ${target}: i/o timeout` });
    });
    socket.once("connect", () => {
      socket.destroy();
      resolve({ result: "success", output: "" });
    });
    socket.once("error", (error) => resolve({ result: "failure", output: dialText(error, target) }));
  });
}

/** grpc.health.v1.Health/Check: the request is one string field, the answer one enum field. */
async function grpc({
  host,
  port,
  service,
  timeoutMs,
}: {
  host: string;
  port: number;
  service: string;
  timeoutMs: number;
}): Promise<ProbeAnswer> {
  const { Client, credentials, Metadata, status } = await import("@grpc/grpc-js");
  const address = hostPort(host, port);
  const client = new Client(address, credentials.createInsecure());
  const name = new TextEncoder().encode(service);
  const request = service === "" ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  try {
    const options = { deadline: systemClock.now() + timeoutMs };
    const answer = await new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(
        "/grpc.health.v1.Health/Check",
        (value: Buffer) => value,
        (value: Buffer) => value,
        request,
        new Metadata(),
        options,
        (error, value) => (error ? reject(error) : resolve(value ?? Buffer.alloc(0))),
      );
    });
    const serving = answer[0] === 0x08 ? (answer[1] ?? 0) : 0;
    if (serving === 1) return { result: "success", output: "service healthy" };
    const names = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
    return {
      result: "failure",
      output: `service unhealthy (responded with ${JSON.stringify(names[serving] ?? String(serving))})`,
    };
  } catch (error) {
    const { code, details } = error as { code: number; details: string };
    if (code === status.UNIMPLEMENTED)
      return {
        result: "failure",
        output: `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${details}`,
      };
    if (code === status.DEADLINE_EXCEEDED)
      return { result: "failure", output: `timeout: health rpc did not complete within ${timeoutMs / 1000}s` };
    if (code === status.UNAVAILABLE)
      return {
        result: "failure",
        output: `timeout: failed to connect service ${JSON.stringify(address)} within ${timeoutMs / 1000}s: ${details}`,
      };
    return { result: "failure", output: `error: health rpc probe failed: ${details}` };
  } finally {
    client.close();
  }
}

export const probes: HostProbes = { http, tcp, grpc };
