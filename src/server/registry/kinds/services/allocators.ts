// What one write of a service allocates: addresses out of the address book, and node ports. What a request has taken but not stored
// yet is held beside what the watch cache tells.
import { type Service, services } from "../../../../api/index.ts";
import type { Clock, MetricRegistry, Rng } from "../../../../base/index.ts";
import type { ObjectReader } from "../../../contract.ts";
import type { Reservation } from "../../../core.ts";
import { NumberAllocator, type NumberUse } from "../allocator.ts";
import { type AddressBook, createAddressBook, type Family, familyOf } from "./address-book.ts";
import type { AddressObjects } from "./address-objects.ts";
import { type AllocationMetrics, createAllocationMetrics } from "./allocation-metrics.ts";

export type Spec = NonNullable<Service["spec"]>;

export interface ServiceAllocators {
  /** Families of the cluster, the primary one first. */
  readonly families: readonly Family[];
  readonly addresses: AddressBook;
  readonly ports: NumberAllocator;
  readonly portRange: string;
  readonly metrics: AllocationMetrics;
  start(): void;
  close(): void;
}

export const serviceKind = { group: "", kind: "Service" };
export const none = "None";

export function createServiceAllocators(options: {
  readonly serviceClusterIPRange: string;
  readonly serviceNodePortRange?: string;
  readonly rng: Rng;
  readonly reader: ObjectReader;
  readonly clock: Clock;
  readonly metrics: MetricRegistry;
}): ServiceAllocators {
  const { reader, rng } = options;
  const ranges = options.serviceClusterIPRange.split(",").map((text) => text.trim());
  const addresses = createAddressBook({ ranges, rng, reader });
  const portRange = options.serviceNodePortRange ?? "30000-32767";
  const [low, high] = portRange.split("-").map(Number);
  if (low === undefined || high === undefined || !(low <= high))
    throw new Error(`the service node port range ${JSON.stringify(portRange)} is not of the form LOW-HIGH`);
  const ports = new NumberAllocator({ first: BigInt(low), size: BigInt(high - low + 1) }, rng);
  let stop = (): void => {};
  const count = (service: Service, change: "use" | "release"): void => {
    for (const port of usedPorts(service)) ports.use[change](BigInt(port));
  };
  const families = ranges.map((text) => familyOf(text.split("/", 1)[0] ?? ""));
  const metrics = createAllocationMetrics(options.metrics, options.clock, () => ({
    ranges: families
      .flatMap((family) => addresses.ready(family))
      .map((range) => ({ cidr: range.cidr, allocated: addresses.allocated(range), size: range.size })),
    ports: { allocated: ports.use.size, size: BigInt(high - low + 1) },
  }));
  return {
    families,
    addresses,
    ports,
    portRange,
    metrics,
    start() {
      addresses.start();
      stop = reader.subscribe<Service>(services, {
        upsert(object, before) {
          if (before !== undefined) count(before, "release");
          count(object, "use");
        },
        remove: (object) => count(object, "release"),
      });
    },
    close() {
      stop();
      addresses.close();
    },
  };
}

export const nodePortsOf = (spec: Spec): readonly number[] =>
  (spec.ports ?? []).map((port) => port.nodePort ?? 0).filter((port) => port > 0);

function usedPorts({ spec }: Service): readonly number[] {
  if (spec === undefined) return [];
  const ports = new Set(nodePortsOf(spec));
  if (spec.healthCheckNodePort) ports.add(spec.healthCheckNodePort);
  return [...ports];
}

/** What one request has taken: given back together. */
export class Taken implements Reservation {
  readonly #undo: (() => void)[] = [];
  readonly #objects: AddressObjects;
  readonly #made: string[] = [];
  readonly #freed: string[] = [];

  constructor(objects: AddressObjects) {
    this.#objects = objects;
  }
  take(use: NumberUse, number: bigint): void {
    use.hold(number);
    this.#undo.push(() => use.drop(number));
  }
  /** An IPAddress object was made for it. */
  made(ip: string): void {
    this.#made.push(ip);
  }
  /** The service lets it go with this write. */
  frees(ip: string): void {
    this.#freed.push(ip);
  }
  /** The write is in the store; the watch cache has it or will in a moment, and counts it from then on. */
  commit(): Promise<void> | void {
    this.#drop();
    if (this.#freed.length > 0) return this.#objects.release(this.#freed.splice(0));
  }
  rollback(): Promise<void> | void {
    this.#drop();
    if (this.#made.length > 0) return this.#objects.release(this.#made.splice(0));
  }
  #drop(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }
}

/** One write of a service. */
export interface Allocation {
  readonly service: Service;
  readonly spec: Spec;
  readonly before: Spec | undefined;
  readonly allocators: ServiceAllocators;
  readonly objects: AddressObjects;
  readonly taken: Taken;
  readonly dryRun: boolean;
}
