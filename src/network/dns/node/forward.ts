// Asks upstream resolvers, with a bounded cache of what they said.
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { type DecodedPacket, decode, encode, type Packet } from "dns-packet";
import { type Clock, type Rng, timeoutSignal } from "../../../base/index.ts";

export interface Forwarder {
  /** The upstream's answer to the question; throws when none of them answers. */
  ask(question: { readonly name: string; readonly type: string }): Promise<DecodedPacket>;
}

export interface ForwarderOptions {
  /** `address` or `address#port`. */
  readonly upstreams: readonly string[];
  readonly clock: Clock;
  readonly rng: Rng;
}

const perUpstreamMs = 2000;
const longestCacheSeconds = 30;
const mostCached = 10_000;

/** Nameservers of a resolv.conf, without loopback ones that would ask us again. */
export function upstreamsOf(resolvConf: string, ownAddresses: readonly string[]): string[] {
  let text: string;
  try {
    text = readFileSync(resolvConf, "utf8");
  } catch {
    return []; // a machine without resolver configuration has no upstream
  }
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)]
    .map((match) => match[1]!)
    .filter((address) => !ownAddresses.includes(address));
}

export function createForwarder({ upstreams, clock, rng }: ForwarderOptions): Forwarder {
  const cache = new Map<string, { readonly packet: DecodedPacket; readonly untilMs: number }>();
  const remember = (key: string, packet: DecodedPacket): void => {
    const ttls = [...(packet.answers ?? []), ...(packet.authorities ?? [])].map((each) =>
      "ttl" in each ? (each.ttl ?? 0) : 0,
    );
    const seconds = Math.min(longestCacheSeconds, ...ttls);
    if (seconds <= 0 || ttls.length === 0) return;
    if (cache.size >= mostCached) cache.delete(cache.keys().next().value!);
    cache.set(key, { packet, untilMs: clock.monotonic() + 1000 * seconds });
  };
  return {
    async ask(question) {
      const key = `${question.type} ${question.name.toLowerCase()}`;
      const cached = cache.get(key);
      if (cached !== undefined && cached.untilMs > clock.monotonic()) return cached.packet;
      cache.delete(key);
      let failure: unknown = new Error("no upstream resolver is configured");
      for (const upstream of upstreams) {
        try {
          const packet = await askOne(upstream, question, { clock, rng });
          remember(key, packet);
          return packet;
        } catch (error) {
          failure = error; // the next upstream may answer
        }
      }
      throw failure;
    },
  };
}

async function askOne(
  upstream: string,
  question: { readonly name: string; readonly type: string },
  base: { clock: Clock; rng: Rng },
): Promise<DecodedPacket> {
  const [address, port = "53"] = upstream.split("#") as [string, string?];
  const id = base.rng.below(65_536);
  const query = encode({
    type: "query",
    id,
    flags: 0x0100, // recursion desired
    questions: [{ type: question.type, name: question.name } as NonNullable<Packet["questions"]>[number]],
    additionals: [
      {
        type: "OPT",
        name: ".",
        udpPayloadSize: 1232,
        flags: 0,
        extendedRcode: 0,
        ednsVersion: 0,
        flag_do: false,
        options: [],
      },
    ],
  });
  using deadline = timeoutSignal(base.clock, perUpstreamMs);
  const target = { address, port: Number(port), id, query, signal: deadline };
  const answer = await overUdp(target);
  return answer.flag_tc ? overTcp(target) : answer;
}

interface Target {
  readonly address: string;
  readonly port: number;
  readonly id: number;
  readonly query: Uint8Array;
  readonly signal: AbortSignal;
}

function overUdp({ address, port, id, query, signal }: Target): Promise<DecodedPacket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    const end = (result: () => void): void => {
      signal.removeEventListener("abort", onAbort);
      socket.close();
      result();
    };
    const onAbort = (): void => end(() => reject(signal.reason));
    signal.addEventListener("abort", onAbort);
    socket.on("error", (error) => end(() => reject(error)));
    socket.on("message", (message) => {
      let packet: DecodedPacket;
      try {
        packet = decode(message);
      } catch {
        return; // not an answer: keep waiting for one
      }
      if (packet.id === id) end(() => resolve(packet));
    });
    // By the event: a callback would be told of the error too, and the error then of nobody else.
    socket.on("connect", () => socket.send(query));
    // A connected socket takes datagrams from the upstream alone.
    socket.connect(port, address);
  });
}

function overTcp({ address, port, query, signal }: Target): Promise<DecodedPacket> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: address, port, signal }, () => {
      const framed = Buffer.alloc(2 + query.length);
      framed.writeUInt16BE(query.length);
      framed.set(query, 2);
      socket.write(framed);
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the upstream resolver closed the connection")));
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      const all = Buffer.concat(chunks);
      if (all.length < 2 || all.length < 2 + all.readUInt16BE()) return;
      try {
        resolve(decode(all.subarray(2, 2 + all.readUInt16BE())));
      } catch (error) {
        reject(error as Error);
      }
      socket.destroy();
    });
  });
}
