// The world of the packet suite around a recording backend: who has which address, which way a packet takes when no service
// claims it, who listens where. The same as the network namespaces of node/nft-backend.test.ts.
import { seededRng, VirtualClock } from "../../base/index.ts";
import type { Place, ProxyWorld } from "./conformance.ts";
import { inAnyCidr, type Packet } from "./packets.ts";
import type { Target } from "./plan.ts";
import { createRecordingBackend, type RecordingBackend } from "./recording.fixture.ts";

const podRange = "10.77.0.0/24";
const bridgeAddress = "10.77.0.1";
const nodeAddress = "10.78.0.1";
const ownAddresses: ReadonlySet<string> = new Set([bridgeAddress, nodeAddress, "127.0.0.1"]);
const addresses = { outside: "10.78.0.9", p1: "10.77.0.2", p2: "10.77.0.3" } as const;
const listening = { tcp: 8080, udp: 5353 } as const;

export interface RecordedWorld extends ProxyWorld {
  readonly clock: VirtualClock;
  /** Every answer that `ask` could get. */
  readonly possible: (from: Place, host: string, port: number, protocol: "tcp" | "udp") => ReadonlySet<string>;
}

export function recordedWorld(seed: number): RecordedWorld {
  const clock = new VirtualClock();
  const rng = seededRng(seed);
  let current: RecordingBackend | undefined;
  const backend = (): RecordingBackend => {
    current = createRecordingBackend({ clock, rng, ownAddresses, clusterCidr: podRange });
    return current;
  };
  const proxy = (): RecordingBackend => current ?? backend();
  return {
    clock,
    backend,
    async ask(from, host, port, protocol = "tcp") {
      if (isOwnLoopback(from, host)) return "ECONNREFUSED";
      const packet = { source: sourceOf(from, host), destination: host, port, protocol };
      const delivery = proxy().send(packet);
      return delivery.type === "delivered" ? answer(packet, delivery) : unserved(delivery.type, packet);
    },
    possible(from, host, port, protocol) {
      if (isOwnLoopback(from, host)) return new Set(["ECONNREFUSED"]);
      const packet = { source: sourceOf(from, host), destination: host, port, protocol };
      const fate = proxy().fate(packet);
      if (fate.type !== "forwarded") return new Set([unserved(fate.type, packet)]);
      return new Set(
        fate.targets.map((target) =>
          answer(packet, { target, masqueraded: fate.masqueraded || target.ip === packet.source }),
        ),
      );
    },
  };
}

/** The node's loopback is the only one that its proxy sees. */
const isOwnLoopback = (from: Place, host: string): boolean => from !== "node" && host.startsWith("127.");

function sourceOf(from: Place, host: string): string {
  if (from !== "node") return addresses[from];
  if (ownAddresses.has(host)) return host;
  return inAnyCidr([podRange], host) ? bridgeAddress : nodeAddress;
}

/** What the server at the end of the way says; masqueraded packets leave over the bridge. */
function answer(
  { source, protocol }: Packet,
  { target, masqueraded }: { readonly target: Target; readonly masqueraded: boolean },
): string {
  const server = (["p1", "p2"] as const).find((name) => addresses[name] === target.ip);
  if (server === undefined) return "timeout";
  if (protocol === "sctp" || target.port !== listening[protocol]) return "ECONNREFUSED";
  const throughBridge = masqueraded || (ownAddresses.has(source) && source !== bridgeAddress);
  return `${server} ${throughBridge ? bridgeAddress : source}`;
}

function unserved(type: "refused" | "dropped" | "untouched", packet: Packet): string {
  if (type === "refused") return "ECONNREFUSED";
  if (type === "dropped") return "timeout";
  const { destination } = packet;
  if (destination === addresses.p1 || destination === addresses.p2)
    return answer(packet, { target: { ip: destination, port: packet.port }, masqueraded: false });
  // Nobody listens on the node and outside; what nobody has is lost on the default route.
  return ownAddresses.has(destination) || destination === addresses.outside ? "ECONNREFUSED" : "timeout";
}
