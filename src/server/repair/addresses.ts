// Keeps services and IPAddress objects in agreement: what an interrupted request, an older program or somebody's hand left behind is
// mended and told as events of ipallocator-repair-controller. Upstream: pkg/registry/core/service/ipallocator/controller/repairip.go.
//
// Contract: whatever changes is looked at shortly afterwards, everything every three minutes. One timer at most is waiting, and none
// when nothing is to be looked at.
import { type IPAddress, ipAddresses, type Service, services } from "../../api/index.ts";
import { type Clock, Counter, every, type Logger, type MetricRegistry, type Timer } from "../../base/index.ts";
import { ignoreNotFound, type KubeObject } from "../../machinery/index.ts";
import type { ObjectReader, ObjectWriter } from "../contract.ts";
import type { AddressBook } from "../registry/kinds/services/address-book.ts";
import { addressObject } from "../registry/kinds/services/address-objects.ts";
import { examineAddress, examineService, isManaged, type Observed, type Told } from "./findings.ts";

export const repairComponent = "ipallocator-repair-controller";

/** Writes events behind the program. */
export interface EventSink {
  event(
    about: KubeObject,
    event: { readonly type: "Warning"; readonly reason: string; readonly action: string; readonly message: string },
  ): void;
}

export interface RepairHost {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly addresses: AddressBook;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricRegistry;
  readonly events?: EventSink;
  readonly signal: AbortSignal;
}

const resyncMs = 180_000;
/** A request makes the object first and its service a moment later. */
const settleMs = 1_000;
const retryMs = 10_000;

type Key = `service/${string}` | `address/${string}`;

export function repairAddresses(host: RepairHost): void {
  const { reader, clock, signal } = host;
  const due = new Map<Key, number>();
  let timer: { readonly atMs: number; readonly handle: Timer } | undefined;
  const observed: Observed = {
    address: (ip) => reader.get(ipAddresses, "", ip),
    service: (namespace, name) => reader.get(services, namespace, name),
    covers: host.addresses.covers,
  };
  const failures = host.metrics.register(
    new Counter({
      name: "apiserver_clusterip_repair_reconcile_errors_total",
      help: "Number of reconciliation failures on the clusterip repair reconcile loop",
      stability: "ALPHA",
    }),
  );
  const look = lookAt(host, observed);

  const arm = (): void => {
    let atMs = Number.POSITIVE_INFINITY;
    for (const each of due.values()) atMs = Math.min(atMs, each);
    if (signal.aborted || atMs === Number.POSITIVE_INFINITY) return;
    const handle = clock.setTimeout(() => void run(), atMs - clock.monotonic(), { background: true });
    timer = { atMs, handle };
  };
  const enqueue = (key: Key, afterMs: number): void => {
    const atMs = clock.monotonic() + afterMs;
    if ((due.get(key) ?? Number.POSITIVE_INFINITY) <= atMs) return;
    due.set(key, atMs);
    if (timer !== undefined && timer.atMs <= atMs) return;
    timer?.handle.cancel();
    arm();
  };
  const run = async (): Promise<void> => {
    const nowMs = clock.monotonic();
    const ready = [...due].filter(([, atMs]) => atMs <= nowMs).map(([key]) => key);
    for (const key of ready) due.delete(key);
    for (const key of ready) {
      if (signal.aborted) return;
      try {
        const againMs = await look(key);
        if (againMs !== undefined) enqueueQuietly(key, againMs);
      } catch (error) {
        if (signal.aborted) return;
        failures.inc();
        host.log.warn("a service's addresses could not be repaired, will retry", { key, error });
        enqueueQuietly(key, retryMs);
      }
    }
    timer = undefined;
    arm();
  };
  /** While `run` works the timer has gone off already and is set at its end. */
  const enqueueQuietly = (key: Key, afterMs: number): void => void due.set(key, clock.monotonic() + afterMs);

  const ofService = ({ metadata }: Service): Key => `service/${metadata.namespace ?? ""}/${metadata.name}`;
  const ofAddress = ({ metadata }: IPAddress): Key => `address/${metadata.name}`;
  const stops = [
    reader.subscribe<Service>(services, { upsert: (each) => enqueue(ofService(each), settleMs), remove: () => {} }),
    reader.subscribe<IPAddress>(ipAddresses, {
      upsert: (each) => {
        if (isManaged(each)) enqueue(ofAddress(each), settleMs);
      },
      remove: () => {},
    }),
  ];
  every(
    clock,
    resyncMs,
    () => {
      for (const each of reader.list(services)) enqueue(ofService(each), 0);
      for (const each of reader.list(ipAddresses)) if (isManaged(each)) enqueue(ofAddress(each), 0);
    },
    signal,
  );
  signal.addEventListener(
    "abort",
    () => {
      timer?.handle.cancel();
      for (const stop of stops) stop();
    },
    { once: true },
  );
}

/** Resolves with the milliseconds after which it must be looked at again. */
function lookAt(host: RepairHost, observed: Observed): (key: Key) => Promise<number | undefined> {
  const { writer } = host;
  const tell = (about: KubeObject, told: Told | undefined): void => {
    if (told === undefined) return;
    host.log.warn(told.message, { reason: told.reason });
    host.events?.event(about, { type: "Warning", ...told });
  };
  const remove = async (name: string): Promise<void> => {
    await writer.remove(ipAddresses, { namespace: "", name }).catch(ignoreNotFound);
  };
  const ofService = async (namespace: string, name: string): Promise<undefined> => {
    const service = observed.service(namespace, name);
    if (service === undefined) return;
    for (const { ip, event, repair } of examineService(service, observed)) {
      tell(service, event);
      if (repair === "recreate") await remove(ip);
      if (repair !== undefined) await writer.create(ipAddresses, addressObject(ip, { namespace, name }));
    }
  };
  return async (key) => {
    const [what, first = "", second = ""] = key.split("/");
    if (what === "service") return ofService(first, second);
    const address = observed.address(key.slice("address/".length));
    if (address === undefined) return undefined;
    const found = examineAddress(address, observed, host.clock.now());
    tell(address, found.remove);
    if (found.remove !== undefined) await remove(address.metadata.name);
    return found.againMs;
  };
}
