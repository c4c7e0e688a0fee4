// Leader election on a Lease. Upstream: client-go tools/leaderelection.
import { type coordination_v1, leases } from "../api/index.ts";
import { type Clock, childController, isAbort, type Logger, type Rng, sleep } from "../base/index.ts";
import { formatMicroTime } from "../machinery/index.ts";
import type { Client } from "./contract.ts";

type Lease = coordination_v1.Lease;

export interface LeaderElectionOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  /** Upstream's defaults: 15, 10, 2. */
  readonly leaseDurationSeconds?: number;
  readonly renewDeadlineSeconds?: number;
  readonly retryPeriodSeconds?: number;
  readonly signal: AbortSignal;
  /** Runs while this process leads; its signal aborts when leadership is lost. */
  readonly lead: (signal: AbortSignal) => Promise<void>;
}

/** Resolves after the signal aborted (the lease is released) or leadership was lost. */
export async function runLeaderElection(options: LeaderElectionOptions): Promise<void> {
  const { clock, rng, signal, log } = options;
  const retryMs = (options.retryPeriodSeconds ?? 2) * 1000;
  const elector = createElector(options);
  try {
    // Jitter keeps candidates that started together from asking together.
    while (!(await elector.tryHold())) await sleep(clock, retryMs * (1 + 1.2 * rng.next()), signal);
  } catch (error) {
    if (isAbort(error, signal)) return;
    throw error;
  }
  log.info("became leader", { lease: `${options.namespace}/${options.name}`, identity: options.identity });
  const leading = childController(signal);
  const work = options.lead(leading.signal);
  // Whichever ends first ends the other.
  const kept = keepLease(options, elector, leading.signal);
  try {
    await Promise.race([work, kept]);
  } finally {
    leading.abort(new Error(`no longer leader of ${options.namespace}/${options.name}`));
    leading.detach();
    await Promise.allSettled([work, kept]);
    await within(elector.release(), { clock, ms: (options.renewDeadlineSeconds ?? 10) * 1000 });
  }
}

/** What the work resolves with; undefined when the time is over before. */
async function within<T>(
  work: Promise<T>,
  { clock, ms }: { readonly clock: Clock; readonly ms: number },
): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.setTimeout(() => resolve(undefined), Math.max(0, ms));
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.cancel();
  }
}

/** Renews until the signal aborts or renewing has failed for the whole of the renew deadline. */
async function keepLease(options: LeaderElectionOptions, elector: Elector, signal: AbortSignal): Promise<void> {
  const { clock, log } = options;
  const retryMs = (options.retryPeriodSeconds ?? 2) * 1000;
  const deadlineMs = (options.renewDeadlineSeconds ?? 10) * 1000;
  let renewedMs = clock.monotonic();
  while (!signal.aborted) {
    try {
      await sleep(clock, retryMs, signal);
    } catch (error) {
      if (isAbort(error, signal)) return;
      throw error;
    }
    const askedMs = clock.monotonic();
    // A server that takes the request and does not answer must not have two lead at one time.
    if (await within(elector.tryHold(), { clock, ms: renewedMs + deadlineMs - askedMs })) renewedMs = askedMs;
    else if (clock.monotonic() - renewedMs >= deadlineMs) {
      log.error("lost the lease", { lease: `${options.namespace}/${options.name}`, identity: options.identity });
      return;
    }
  }
}

interface Elector {
  /** Acquires or renews; false when someone else holds the lease or the server did not take the write. */
  tryHold(): Promise<boolean>;
  release(): Promise<void>;
}

function createElector(options: LeaderElectionOptions): Elector {
  const { clock, identity, log } = options;
  const leaseDurationSeconds = options.leaseDurationSeconds ?? 15;
  const resource = options.client.of(leases);
  const name = { namespace: options.namespace, name: options.name };
  /** The lease as last seen and when, on our own clock: nobody else's clock decides whether it has run out. */
  let seen: { readonly record: string; readonly atMs: number } | undefined;
  let held: Lease | undefined;

  const observe = (lease: Lease): void => {
    const record = JSON.stringify(lease.spec);
    if (seen?.record !== record) seen = { record, atMs: clock.monotonic() };
  };
  const hold = async (): Promise<void> => {
    const current = await resource.find(name);
    const now = formatMicroTime(clock.now());
    const fresh = { holderIdentity: identity, leaseDurationSeconds, acquireTime: now, renewTime: now };
    if (current === undefined) {
      const spec = { ...fresh, leaseTransitions: 0 };
      held = await resource.create({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: name, spec });
      observe(held);
      return;
    }
    observe(current);
    const { spec } = current;
    const holder = spec?.holderIdentity ?? "";
    const expiresMs = (seen?.atMs ?? 0) + (spec?.leaseDurationSeconds ?? leaseDurationSeconds) * 1000;
    if (holder !== "" && holder !== identity && clock.monotonic() < expiresMs) {
      held = undefined;
      return;
    }
    const transitions = spec?.leaseTransitions ?? 0;
    const ours = holder === identity;
    held = await resource.update({
      ...current,
      spec: {
        ...spec,
        ...fresh,
        acquireTime: ours ? (spec?.acquireTime ?? now) : now,
        leaseTransitions: ours ? transitions : transitions + 1,
      },
    });
    observe(held);
  };
  return {
    async tryHold() {
      try {
        await hold();
        return held !== undefined;
      } catch (error) {
        log.debug("could not acquire or renew the lease", { lease: `${name.namespace}/${name.name}`, error });
        return false;
      }
    },
    async release() {
      if (held === undefined) return;
      const now = formatMicroTime(clock.now());
      const spec = { ...held.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
      try {
        await resource.update({ ...held, spec });
      } catch (error) {
        log.warn("could not release the lease; it runs out by itself", {
          lease: `${name.namespace}/${name.name}`,
          error,
        });
      }
      held = undefined;
    },
  };
}
