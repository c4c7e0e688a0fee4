// The sockets of the cluster's DNS: UDP and TCP (RFC 1035, RFC 7766), EDNS0 sizes (RFC 6891), truncation with TC.
import { createSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import { type DecodedPacket, decode, encode, type Packet, type Answer as WireRecord } from "dns-packet";
import { type Clock, type Logger, onAbort, type Rng } from "../../../base/index.ts";
import { type Answer, answerQuestion, type DnsView, type ResourceRecord } from "../answer.ts";
import { createForwarder, type Forwarder } from "./forward.ts";

export interface DnsServerOptions {
  /** While it is not ready, the cluster's names are answered with a failure, never with "no such name". */
  readonly view: DnsView & { readonly ready?: () => boolean };
  readonly clusterDomain: string;
  readonly upstreams: readonly string[];
  readonly addresses: readonly string[];
  /** 0: any free port, the same for UDP and TCP. */
  readonly port: number;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
}

export interface DnsServer {
  readonly port: number;
  close(): Promise<void>;
}

const authoritativeAnswer = 0x0400;
const truncated = 0x0200;
const recursionAvailable = 0x0080;
const rcode = { noError: 0, formatError: 1, serverFailure: 2, noName: 3, notImplemented: 4 } as const;
/** What a client without EDNS0 takes, and the most we send one with it (DNS flag day 2020). */
const plainUdpBytes = 512;
const mostUdpBytes = 1232;
const idleTcpMs = 10_000;
const mostTcpConnections = 512;

export async function serveDns(options: DnsServerOptions): Promise<DnsServer> {
  const forwarder = createForwarder(options);
  const life = new AbortController();
  const tcp: Server[] = [];
  let port = options.port;
  const close = async (): Promise<void> => {
    life.abort();
    await Promise.all(tcp.map((server) => new Promise((resolve) => server.close(resolve))));
  };
  const connections = new Set<Socket>();
  try {
    for (const address of options.addresses) {
      const serving = { ...options, forwarder, life: life.signal };
      const server = await listenTcp(address, port, { ...serving, connections });
      tcp.push(server);
      port = (server.address() as { port: number }).port;
      await listenUdp(address, port, serving);
    }
  } catch (error) {
    await close();
    throw new Error(`DNS cannot listen on ${options.addresses.join(", ")} port ${port}: ${(error as Error).message}`);
  }
  return {
    port,
    close: async () => {
      for (const connection of connections) connection.destroy();
      await close();
    },
  };
}

type Serving = DnsServerOptions & { readonly forwarder: Forwarder; readonly life: AbortSignal };

function listenUdp(address: string, port: number, serving: Serving): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: address.includes(":") ? "udp6" : "udp4", reuseAddr: false });
    let closed = false; // an upstream may answer later than that
    onAbort(serving.life, () => {
      closed = true;
      socket.close();
    });
    socket.once("error", reject);
    socket.on("message", (message, peer) => {
      respond(message, serving, "udp")
        .then((bytes) => {
          if (bytes === undefined || closed) return;
          socket.send(bytes, peer.port, peer.address, () => {}); // who cannot be reached any more does not wait either
        })
        .catch((error: unknown) => unanswered(serving, error)); // port 0 among others: a packet may say that it came from there
    });
    socket.bind(port, address, () => {
      socket.off("error", reject);
      socket.on("error", (error) => serving.log.warn("DNS socket failed", { address, error }));
      resolve();
    });
  });
}

function listenTcp(
  address: string,
  port: number,
  serving: Serving & { readonly connections: Set<Socket> },
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => serveConnection(socket, serving));
    server.maxConnections = mostTcpConnections;
    server.once("error", reject);
    server.listen(port, address, () => {
      server.off("error", reject);
      server.on("error", (error) => serving.log.warn("DNS listener failed", { address, error }));
      resolve(server);
    });
  });
}

function serveConnection(socket: Socket, serving: Serving & { readonly connections: Set<Socket> }): void {
  serving.connections.add(socket);
  socket.on("close", () => serving.connections.delete(socket));
  socket.on("error", () => socket.destroy());
  socket.setTimeout(idleTcpMs, () => socket.destroy());
  let buffered: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE()) {
      const message = buffered.subarray(2, 2 + buffered.readUInt16BE());
      buffered = buffered.subarray(2 + message.length);
      respond(message, serving, "tcp")
        .then((bytes) => {
          if (bytes === undefined || socket.destroyed) return;
          const length = Buffer.alloc(2);
          length.writeUInt16BE(bytes.length);
          socket.write(Buffer.concat([length, bytes]));
        })
        .catch((error: unknown) => unanswered(serving, error));
    }
  });
}

/** One question without an answer is no reason to stop answering others. */
const unanswered = ({ log }: Serving, error: unknown): void => log.warn("a DNS query is not answered", { error });

/** The answer's bytes; undefined for what deserves none (answers sent to us, noise). */
async function respond(message: Buffer, serving: Serving, transport: "udp" | "tcp"): Promise<Uint8Array | undefined> {
  let query: DecodedPacket;
  try {
    query = decode(message);
  } catch {
    return undefined; // No message of DNS: there is nobody to tell.
  }
  if (query.type !== "query") return undefined;
  const question = query.questions?.[0];
  const opt = query.additionals?.find((each) => each.type === "OPT");
  const reply = async (): Promise<Packet> => {
    if ((query as { opcode?: string }).opcode !== "QUERY") return status(rcode.notImplemented);
    if (question === undefined || query.questions?.length !== 1) return status(rcode.formatError);
    const answer = answerQuestion(
      { name: question.name.replace(/\.$/, ""), type: question.type },
      serving.view,
      serving.clusterDomain,
    );
    if (answer.kind !== "forward" && serving.view.ready?.() === false) return status(rcode.serverFailure);
    return answer.kind === "forward" ? forward(question, serving) : local(answer, question, serving);
  };
  const body = await reply();
  const packet: Packet = {
    ...body,
    type: "response",
    id: query.id ?? 0,
    flags: (body.flags ?? 0) | ((query.flags ?? 0) & 0x0100) | recursionAvailable,
    questions: query.questions ?? [],
    additionals: [...(body.additionals ?? []), ...(opt ? [ednsRecord] : [])],
  };
  const most =
    transport === "tcp"
      ? 65_535
      : Math.min(
          mostUdpBytes,
          Math.max(plainUdpBytes, (opt as { udpPayloadSize?: number } | undefined)?.udpPayloadSize ?? 0),
        );
  return fit(packet, most);
}

const ednsRecord = {
  type: "OPT",
  name: ".",
  udpPayloadSize: mostUdpBytes,
  flags: 0,
  extendedRcode: 0,
  ednsVersion: 0,
  flag_do: false,
  options: [],
} as const satisfies WireRecord;

const status = (code: number): Packet => ({ flags: code });

/** Leaves out the additional records first; an answer that does not fit is cut and marked, so that the client asks over TCP. */
function fit(packet: Packet, mostBytes: number): Uint8Array {
  const whole = encode(packet);
  if (whole.length <= mostBytes) return whole;
  const opt = (packet.additionals ?? []).filter((each) => each.type === "OPT");
  const slim = encode({ ...packet, additionals: opt });
  if (slim.length <= mostBytes) return slim;
  let answers = packet.answers ?? [];
  let cut = slim;
  while (answers.length > 0 && cut.length > mostBytes) {
    answers = answers.slice(0, Math.floor(answers.length / 2));
    cut = encode({ ...packet, flags: (packet.flags ?? 0) | truncated, additionals: opt, answers });
  }
  return cut;
}

const wire = (record: ResourceRecord): WireRecord =>
  (record.type === "TXT" ? { ...record, data: [record.data] } : { ...record, class: "IN" }) as WireRecord;

async function local(
  answer: Exclude<Answer, { kind: "forward" }>,
  question: { name: string; type: string },
  serving: Serving,
): Promise<Packet> {
  switch (answer.kind) {
    case "noName":
      return { flags: authoritativeAnswer | rcode.noName, authorities: [wire(answer.authority)] };
    case "noData":
      return { flags: authoritativeAnswer, authorities: [wire(answer.authority)] };
    case "answer": {
      const chased = answer.chase === undefined ? [] : await chase(answer.chase, question.type, serving);
      return {
        flags: authoritativeAnswer,
        answers: [...shuffle(answer.answers.map(wire), serving.rng), ...chased],
        additionals: answer.additionals.map(wire),
      };
    }
  }
}

/** Addresses of an ExternalName's target: the cluster's own, or the upstream's. None is an answer too: the alias stands. */
async function chase(name: string, type: string, serving: Serving): Promise<WireRecord[]> {
  const answer = answerQuestion({ name: name.replace(/\.$/, ""), type }, serving.view, serving.clusterDomain);
  if (answer.kind === "answer") return answer.answers.map(wire);
  if (answer.kind !== "forward") return [];
  try {
    return (await serving.forwarder.ask({ name, type })).answers ?? [];
  } catch (error) {
    serving.log.debug("the target of an ExternalName service could not be resolved", { name, error });
    return [];
  }
}

/** Round robin by chance, so that clients which take the first address spread. */
function shuffle<T>(records: T[], rng: Rng): T[] {
  for (let index = records.length - 1; index > 0; index--) {
    const other = rng.below(index + 1);
    [records[index], records[other]] = [records[other]!, records[index]!];
  }
  return records;
}

async function forward(question: { name: string; type: string }, serving: Serving): Promise<Packet> {
  try {
    const answer = await serving.forwarder.ask(question);
    return {
      flags: (answer.flags ?? 0) & 0x000f,
      answers: answer.answers ?? [],
      authorities: answer.authorities ?? [],
      additionals: (answer.additionals ?? []).filter((each) => each.type !== "OPT"),
    };
  } catch (error) {
    serving.log.debug("no upstream resolver answered", { name: question.name, error });
    return status(rcode.serverFailure);
  }
}
