// Tells which pods changed in the runtime. Upstream: pkg/kubelet/pleg (generic and evented).
//
// With a runtime that sends events they are followed, and a slow relist covers what was missed; without, containers and sandboxes are
// listed every second and compared. An event that names no pod asks for a list, read again until it shows the change. `pods` is what
// the last list showed, so that pods nobody knows can be found.
import { isAbort, onAbort, pause, together } from "../../base/index.ts";
import { RuntimeError } from "../../runtime/index.ts";
import type { KubeletContext } from "../context.ts";
import { podNameLabel, podNamespaceLabel, podUidLabel } from "../labels.ts";

export interface RuntimePod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly running: boolean;
}

export interface Pleg {
  run(signal: AbortSignal): Promise<void>;
  relist(): Promise<void>;
  /** Resolves with the end of the next relist; rejects when the signal aborts first. */
  relisted(signal: AbortSignal): Promise<void>;
  pods(): ReadonlyMap<string, RuntimePod>;
  /** Clock time of the last relist that worked, and why the last one did not. */
  readonly health: { readonly relistedMs: number; readonly error: unknown };
}

const eventedRelistMs = 30_000;
/** Waits between reading lists after an event: a runtime may tell of an end before it has written it down. */
const catchUpMs = [5, 25, 100, 400, 1500] as const;

/** Waits between lists after events are followed again. */
const resumedMs = [100, 900] as const;

interface Announced {
  readonly now: "started" | "ended" | "removed" | undefined;
  /** In which the lists showed it until then. */
  readonly before: string | undefined;
  /** How many lists had begun. */
  readonly listsBegun: number;
}

/** Whether a list's state of a container or sandbox is what was announced, or what comes after that. */
function shows({ now, before }: Announced, state: string | undefined): boolean {
  if (now === "started") return state !== undefined && state !== "created";
  if (now === "ended") return state !== "created" && state !== "running" && state !== "ready";
  return now === "removed" ? state === undefined : state !== before;
}

export function createPleg(context: KubeletContext, changed: (podUid: string) => void): Pleg {
  const { clock, runtime, log } = context;
  let previous = new Map<string, string>();
  let stateOf = new Map<string, string>();
  let pods = new Map<string, RuntimePod>();
  const health = { relistedMs: clock.monotonic(), error: undefined as unknown };

  let waiting: (() => void)[] = [];
  const relisted = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const detach = onAbort(signal, () => reject(signal.reason));
      waiting.push(() => {
        detach();
        resolve();
      });
    });

  let listsBegun = 0;
  const relist = async (): Promise<void> => {
    listsBegun += 1;
    try {
      const [sandboxes, containers] = await Promise.all([runtime.listPodSandboxes(), runtime.listContainers()]);
      const states = new Map<string, string>();
      const seen = new Map<string, RuntimePod>();
      const byId = new Map<string, string>();
      const note = (
        labels: Readonly<Record<string, string>>,
        id: string,
        what: { state: string; running: boolean },
      ): void => {
        byId.set(id, what.state);
        const uid = labels[podUidLabel];
        if (uid === undefined) return;
        states.set(uid, `${states.get(uid) ?? ""}${id}=${what.state};`);
        const before = seen.get(uid);
        seen.set(uid, {
          ...{ uid, name: labels[podNameLabel] ?? "", namespace: labels[podNamespaceLabel] ?? "" },
          running: before?.running === true || what.running,
        });
      };
      for (const each of sandboxes) note(each.labels, each.id, { state: each.state, running: each.state === "ready" });
      for (const each of containers)
        note(each.labels, each.id, { state: each.state, running: each.state === "running" });
      const before = previous;
      previous = states;
      pods = seen;
      stateOf = byId;
      Object.assign(health, { relistedMs: clock.monotonic(), error: undefined });
      for (const [uid, state] of states) if (before.get(uid) !== state) changed(uid);
      for (const uid of before.keys()) if (!states.has(uid)) changed(uid);
    } catch (error) {
      health.error = error;
      log.warn("the runtime does not list its containers", { error });
    }
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  };

  /** Containers and sandboxes that an event named. */
  const awaited = new Map<string, Announced>();
  let tries = 0;
  let chasing = false;
  /** Reads lists until they show what was announced, or until the runtime had time enough. */
  const chase = async (
    { containerId, now }: { readonly containerId: string; readonly now?: Announced["now"] },
    signal: AbortSignal,
  ): Promise<void> => {
    awaited.set(containerId, { now, before: stateOf.get(containerId), listsBegun });
    tries = 0;
    if (chasing) return;
    chasing = true;
    while (awaited.size > 0 && tries < catchUpMs.length && !signal.aborted) {
      await pause(clock, catchUpMs[tries++]!, signal);
      if (signal.aborted) break;
      const list = listsBegun + 1;
      await relist();
      // A list that was under way when the event came may show what was before it.
      for (const [id, each] of awaited) if (list > each.listsBegun && shows(each, stateOf.get(id))) awaited.delete(id);
    }
    awaited.clear();
    chasing = false;
  };

  /** Returns false when the runtime has no events. */
  const followEvents = async (signal: AbortSignal): Promise<boolean> => {
    if (runtime.events === undefined) return false;
    try {
      for await (const event of runtime.events(signal))
        if (event.podUid !== "") changed(event.podUid);
        else void chase(event, signal);
    } catch (error) {
      if (isAbort(error, signal)) return true;
      if (error instanceof RuntimeError && error.code === "UNIMPLEMENTED") return false;
      log.warn("the runtime's events broke off", { error });
    }
    return true;
  };

  /** What happened while nobody listened no event tells: listed once events are followed again, also by a runtime that needs a moment. */
  const catchUp = async (signal: AbortSignal): Promise<void> => {
    for (const waitMs of resumedMs) {
      await pause(clock, waitMs, signal);
      if (signal.aborted) return;
      await relist();
    }
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    await relist();
    const follow = async (): Promise<void> => {
      while (!signal.aborted) {
        if (!(await followEvents(signal))) return;
        await relist();
        await pause(clock, 1000, signal);
        void catchUp(signal);
      }
    };
    const polling = new AbortController();
    const repeat = async (nextMs: () => number, until: AbortSignal): Promise<void> => {
      while (!until.aborted) {
        await pause(clock, nextMs(), until);
        if (!until.aborted) await relist();
      }
    };
    await Promise.all([
      follow().then(() => polling.abort()),
      repeat(() => together(clock, eventedRelistMs), AbortSignal.any([signal, polling.signal])).then(() =>
        repeat(() => context.config.relistPeriodSeconds * 1000, signal),
      ),
    ]);
  };

  return { run, relist, relisted, pods: () => pods, health };
}
