// Runs the controllers of list.ts over one set of informers. Upstream: cmd/kube-controller-manager.
import {
  type Clock,
  childController,
  isAbort,
  type Logger,
  type MetricRegistry,
  quiet,
  type Rng,
  sleep,
} from "../base/index.ts";
import {
  type Client,
  createClient,
  createEventRecorder,
  createInformerFactory,
  type InformerFactory,
} from "../client/index.ts";
import type { Transport } from "../machinery/index.ts";
import type { ControllerContext, ControllerEntry, ControllerOptions } from "./lib/index.ts";
import { controllers } from "./list.ts";

export interface RunControllersOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly metrics: MetricRegistry;
  readonly signal: AbortSignal;
  /** As `--controllers`: "*" is all that are on by default, "x" names one, "-x" leaves one out. Default ["*"]. */
  readonly names?: readonly string[];
  readonly options?: ControllerOptions;
  /** Transport in the name of a ServiceAccount of kube-system; `client`'s own for all controllers when not given. */
  readonly transportOf?: (account: string) => Transport;
}

/** Upstream's agent: its part before the slash is the field manager that `managedFields` shows. */
const userAgent = (account: string): string =>
  `kube-controller-manager/v1.36.0 (typernetes) system:serviceaccount:kube-system:${account}`;

/** Which entries `names` choose. Throws for a name that no controller has. */
export function chooseControllers(
  names: readonly string[],
  entries: readonly ControllerEntry[] = controllers,
): readonly ControllerEntry[] {
  const known = new Set(entries.map((each) => each.name));
  const unknown = names.map((name) => name.replace(/^-/, "")).filter((name) => name !== "*" && !known.has(name));
  if (unknown.length > 0)
    throw new Error(
      `${unknown.map((name) => JSON.stringify(name)).join(", ")} is not in the list of known controllers: ${[...known].join(", ")}`,
    );
  return entries.filter(({ name, onByDefault }) => {
    if (names.includes(name)) return true;
    if (names.includes(`-${name}`)) return false;
    return names.includes("*") && onByDefault;
  });
}

/**
 * Controllers begin in three steps, so that nobody waits for the first lists of all kinds. At once: nodes take pods, and pods are let in, by what
 * these do. When what that and the start of the process's other components has set off is done: those that make pods. The others,
 * and with them the garbage collector's watches of every kind, when there is nothing else to do.
 */
const foremost: ReadonlySet<string> = new Set(["serviceaccount-controller", "node-lifecycle-controller"]);
const workloads: ReadonlySet<string> = new Set([
  "deployment-controller",
  "replicaset-controller",
  "replicationcontroller-controller",
  "statefulset-controller",
  "daemonset-controller",
  "job-controller",
]);

type Entries = readonly ControllerEntry[];

/** A process that is never idle has all its controllers after this long. */
const longestStartMs = 500;

/**
 * Runs until the signal aborts; resolves when every controller has ended. A controller that throws is logged and started
 * again after a back-off of 1 s to 1 min; one that returns early has nothing to do as it is configured. Rejects at once for an unknown name.
 */
export async function runControllers(options: RunControllersOptions): Promise<void> {
  const { client, clock, rng, log, signal } = options;
  const chosen = chooseControllers(options.names ?? ["*"]);
  const informers = createInformerFactory({
    client: createClient(client.transport, { userAgent: userAgent("shared-informers") }),
    clock,
    rng,
    log,
    signal,
  });
  // Started at once: an informer that a controller asks for begins to list the moment it is asked for.
  informers.start();
  const start = (entries: Entries): Promise<unknown> =>
    Promise.all(entries.map((entry) => keepRunning(entry, options, informers)));
  const [first, second, others] = inSteps(chosen);
  const later = async (): Promise<void> => {
    await sleep(clock, 0, signal);
    const making = start(second);
    await quiet(clock, longestStartMs, signal);
    await Promise.all([making, start(others)]);
  };
  await Promise.all([start(first), unlessAborted(later(), signal)]);
}

function inSteps(chosen: readonly ControllerEntry[]): readonly [first: Entries, second: Entries, others: Entries] {
  const first = chosen.filter(({ name }) => foremost.has(name));
  const second = chosen.filter(({ name }) => workloads.has(name));
  return [first, second, chosen.filter((entry) => !first.includes(entry) && !second.includes(entry))];
}

async function unlessAborted(running: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await running;
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  }
}

async function keepRunning(
  entry: ControllerEntry,
  options: RunControllersOptions,
  informers: InformerFactory,
): Promise<void> {
  const { clock, signal } = options;
  const log = options.log.child(entry.name);
  for (let delayMs = 1000; !signal.aborted; delayMs = Math.min(delayMs * 2, 60_000)) {
    const run = childController(signal);
    try {
      const controller = await entry.load();
      await controller(contextOf({ entry, options, informers, log, signal: run.signal }));
      if (!signal.aborted) log.debug("the controller has nothing to do here");
      return;
    } catch (error) {
      if (signal.aborted) return;
      log.error("the controller failed, will start it again", { afterMs: delayMs, error });
    } finally {
      run.abort();
      run.detach();
    }
    try {
      await sleep(clock, delayMs, signal);
    } catch (error) {
      if (isAbort(error, signal)) return;
      throw error;
    }
  }
}

function contextOf(made: {
  entry: ControllerEntry;
  options: RunControllersOptions;
  informers: InformerFactory;
  log: Logger;
  signal: AbortSignal;
}): ControllerContext {
  const { clock, rng, metrics } = made.options;
  const { account } = made.entry;
  const own = account === undefined ? undefined : made.options.transportOf?.(account);
  const client = createClient(own ?? made.options.client.transport, {
    userAgent: userAgent(account ?? made.entry.name),
  });
  const { informers, log, signal } = made;
  return {
    client,
    informers,
    clock,
    rng,
    log,
    metrics,
    signal,
    options: made.options.options ?? {},
    recorder: (component) => createEventRecorder({ client, clock, rng, log, component, api: "core", signal }),
  };
}
