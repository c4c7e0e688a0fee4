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
 * Controllers begin in steps, so that nobody waits for the first lists of all kinds. At once: nodes take pods, and pods are let in, by what these
 * do. When what that and the start of the process's other components has set off is done: what a Deployment and its pods need. The
 * others, and with them the garbage collector's watches of every kind, whenever there is nothing else to do.
 */
const steps: readonly ReadonlySet<string>[] = [
  new Set(["serviceaccount-controller", "node-lifecycle-controller"]),
  new Set([
    "deployment-controller",
    "replicaset-controller",
    "node-ipam-controller",
    "root-ca-certificate-publisher-controller",
  ]),
  new Set([
    "statefulset-controller",
    "daemonset-controller",
    "job-controller",
    "replicationcontroller-controller",
    "namespace-controller",
    "endpointslice-controller",
    "endpoints-controller",
  ]),
];

/** A process that is never idle has all its controllers after twice this long. */
const longestWaitMs = 250;

type Entries = readonly ControllerEntry[];

function inSteps(chosen: Entries): readonly Entries[] {
  const named = steps.map((names) => chosen.filter(({ name }) => names.has(name)));
  return [...named, chosen.filter(({ name }) => !steps.some((names) => names.has(name)))];
}

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
  const running: Promise<void>[] = [];
  try {
    for (const [step, entries] of inSteps(chosen).entries()) {
      if (step === 1) await sleep(clock, 0, signal);
      if (step > 1) await quiet(clock, longestWaitMs, signal);
      for (const entry of entries) running.push(keepRunning(entry, options, informers));
    }
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  }
  await Promise.all(running);
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
