// A service proxy without a kernel: keeps what was applied and says where a packet would go.
import type { Clock, Rng } from "../../base/index.ts";
import type { ProxyBackend } from "./backend.ts";
import { type Fate, fateOf, type Packet, type Surroundings } from "./packets.ts";
import {
  familyOf,
  type HealthCheck,
  type ProxyPlan,
  type ServicePortPlan,
  type StaleFlow,
  type Target,
} from "./plan.ts";

export interface RecordingOptions extends Surroundings {
  readonly clock: Clock;
  readonly rng: Rng;
}

export type Delivery =
  | { readonly type: "delivered"; readonly target: Target; readonly masqueraded: boolean }
  | Exclude<Fate, { readonly type: "forwarded" }>;

/** Keeps what was applied and carries packets by it. */
export interface RecordingBackend extends ProxyBackend {
  readonly plans: readonly ProxyPlan[];
  readonly flows: readonly StaleFlow[];
  readonly checks: readonly HealthCheck[];
  /** Where a connection ends that this packet opens. Clients of a service with affinity are remembered. */
  send(packet: Packet): Delivery;
  /** The same for every endpoint that chance could choose; remembers nobody. */
  fate(packet: Packet): Fate;
}

const untouched = { type: "untouched" } as const;

export function createRecordingBackend(options: RecordingOptions): RecordingBackend {
  let plans: readonly ProxyPlan[] = [];
  let checks: readonly HealthCheck[] = [];
  const flows: StaleFlow[] = [];
  const clients = createAffinity(options.clock);
  const fate = (packet: Packet): Fate => {
    const plan = plans.find(({ family }) => family === familyOf(packet.destination));
    return plan === undefined ? untouched : fateOf(plan, packet, options);
  };
  return {
    get plans() {
      return plans;
    },
    get checks() {
      return checks;
    },
    flows,
    apply: async (next) => {
      plans = next;
      clients.keep(next.flatMap(({ ports }) => ports));
    },
    endFlows: async (more) => void flows.push(...more),
    serveHealthChecks: async (next) => {
      checks = next;
    },
    close: async () => {},
    fate,
    send(packet) {
      const found = fate(packet);
      if (found.type !== "forwarded") return found;
      const { port, targets } = found;
      const target = clients.known(found, packet.source) ?? targets[options.rng.below(targets.length)]!;
      clients.remember(port, target, packet.source);
      return { type: "delivered", target, masqueraded: found.masqueraded || target.ip === packet.source };
    },
  };
}

/** Which client uses which endpoint, for as long as the service's affinity lasts after the client's last connection. */
function createAffinity(clock: Clock) {
  /** Ends of the memory in ms, by endpoint and client. */
  const users = new Map<string, Map<string, number>>();
  const keyOf = ({ id, affinitySeconds }: ServicePortPlan, { ip, port }: Target): string =>
    `${id} ${affinitySeconds} ${ip} ${port}`;
  return {
    known: ({ port, targets }: Extract<Fate, { type: "forwarded" }>, client: string): Target | undefined =>
      targets.find((target) => (users.get(keyOf(port, target))?.get(client) ?? 0) > clock.monotonic()),
    remember(port: ServicePortPlan, target: Target, client: string): void {
      if (port.affinitySeconds === 0) return;
      const key = keyOf(port, target);
      users.set(key, (users.get(key) ?? new Map()).set(client, clock.monotonic() + port.affinitySeconds * 1000));
    },
    /** Forgets who used an endpoint that is gone, or whose service has another time. */
    keep(ports: readonly ServicePortPlan[]): void {
      const there = new Set(
        ports.flatMap((port) => [...port.clusterTargets, ...port.localTargets].map((target) => keyOf(port, target))),
      );
      for (const key of users.keys()) if (!there.has(key)) users.delete(key);
    },
  };
}
