// What can go wrong, chosen and timed by a seed. A fault begins, and most end after a while; `calm` ends all that are left.
import type { Rng } from "../base/index.ts";
import { fairWeather, type Weather } from "./network.ts";
import type { World } from "./world.ts";

export type FaultKind =
  /** Ends a process other than the API server and starts it again later. */
  | "crash"
  | "apiserverCrash"
  /** All watches of one process break off. */
  | "cutWatches"
  /** Requests of one process are late, lost or doubled; its watches are late and break. */
  | "badWeather"
  /** A container's process ends. */
  | "containerExit"
  /** A machine loses its power: kubelet and containers are gone at once. */
  | "powerLoss"
  /** Wall clocks of the whole cluster are set; time that is measured goes on. */
  | "clockJump";

export const faultKinds: readonly FaultKind[] = [
  "crash",
  "apiserverCrash",
  "cutWatches",
  "badWeather",
  "containerExit",
  "powerLoss",
  "clockJump",
];

export interface StormOptions {
  readonly world: World;
  readonly rng: Rng;
  readonly kinds: readonly FaultKind[];
  /** What a process's network is like outside of bad weather. */
  readonly weather: Partial<Weather>;
  /** Called before containers are taken from pods: uids of the pods that are hit. */
  readonly hit: (podUids: readonly string[]) => void;
}

export interface Storm {
  /** One fault, now. Those that last end by themselves. */
  strike(): Promise<void>;
  /** Ends what still goes on; everything runs and every network is fair afterwards. */
  calm(): Promise<void>;
}

interface Lasting {
  readonly end: () => Promise<void>;
  done: boolean;
}

interface Sky extends StormOptions {
  /** Ends something `afterMs` from now, or when calm comes first. */
  last(afterMs: number, end: () => Promise<void>): void;
  between(fromMs: number, toMs: number): number;
}

export function createStorm(options: StormOptions): Storm {
  const { world, rng, kinds } = options;
  const lasting = new Set<Lasting>();
  const finish = async (each: Lasting): Promise<void> => {
    if (each.done) return;
    each.done = true;
    lasting.delete(each);
    await each.end();
  };
  const sky: Sky = {
    ...options,
    between: (fromMs, toMs) => fromMs + rng.next() * (toMs - fromMs),
    last(afterMs, end) {
      const each: Lasting = { end, done: false };
      lasting.add(each);
      world.clock.setTimeout(() => void finish(each), afterMs);
    },
  };
  return {
    async strike() {
      if (kinds.length > 0) await strikes[kinds[rng.below(kinds.length)]!](sky);
    },
    async calm() {
      await Promise.all([...lasting].map(finish));
      for (const name of world.processes) {
        const link = world.link(name);
        if (link !== undefined) Object.assign(link.weather, fairWeather);
      }
    },
  };
}

const podUidLabel = "io.kubernetes.pod.uid";

const pick = <T>(rng: Rng, from: readonly T[]): T => from[rng.below(from.length)]!;

const strikes: Readonly<Record<FaultKind, (sky: Sky) => Promise<void>>> = {
  async crash(sky) {
    const { world, rng } = sky;
    const name = pick(rng, world.processes);
    if (!world.running(name)) return;
    world.crash(name);
    sky.last(sky.between(100, 15_000), () => world.start(name));
  },
  async apiserverCrash(sky) {
    const { world } = sky;
    if (!world.running("apiserver")) return;
    world.crash("apiserver");
    sky.last(sky.between(50, 8_000), () => world.start("apiserver"));
  },
  async cutWatches({ world, rng }) {
    const name = pick(rng, world.processes);
    world.history.note(`watches of ${name} break`);
    world.link(name)?.cutWatches();
  },
  async badWeather(sky) {
    const { world, rng } = sky;
    const name = pick(rng, world.processes);
    const link = world.link(name);
    if (link === undefined) return;
    const weather: Weather = {
      requestDelayMs: pick(rng, [0, 50, 1_000]),
      lostBefore: pick(rng, [0, 0.1, 0.4]),
      lostAfter: pick(rng, [0, 0.1, 0.4]),
      duplicated: pick(rng, [0, 0.3]),
      watchDelayMs: pick(rng, [0, 200, 3_000]),
      watchCut: pick(rng, [0, 0.2]),
    };
    world.history.note(`bad weather for ${name}: ${JSON.stringify(weather)}`);
    Object.assign(link.weather, weather);
    sky.last(sky.between(500, 15_000), async () => {
      world.history.note(`the weather of ${name} clears up`);
      Object.assign(link.weather, fairWeather, sky.weather);
    });
  },
  async containerExit({ world, rng, hit }) {
    const node = pick(rng, world.nodes);
    const running = await node.runtime.listContainers({ state: "running" });
    if (running.length === 0) return;
    const container = pick(rng, running);
    world.history.note(`container ${container.name} of pod ${container.labels[podUidLabel]} on ${node.name} ends`);
    hit([container.labels[podUidLabel]!]);
    node.runtime.exit(container.id, 1);
  },
  async powerLoss(sky) {
    const { world, rng, hit } = sky;
    const node = pick(rng, world.nodes);
    if (!world.running(node.name)) return;
    world.history.note(`${node.name} loses its power`);
    world.crash(node.name);
    const sandboxes = await node.runtime.listPodSandboxes();
    hit(sandboxes.map((sandbox) => sandbox.uid));
    for (const { id } of await node.runtime.listContainers({ state: "running" })) node.runtime.exit(id, 137);
    for (const { id } of sandboxes) await node.runtime.stopPodSandbox(id);
    sky.last(rng.next() < 0.05 ? sky.between(330_000, 400_000) : sky.between(1_000, 70_000), () =>
      world.start(node.name),
    );
  },
  async clockJump({ world, rng, between }) {
    const byMs = Math.round(
      pick(rng, [between(-3_600_000, -60_000), between(-60_000, 0), between(0, 5_000), between(0, 3_600_000)]),
    );
    world.history.note(`wall clocks are set by ${byMs} ms`);
    world.clock.jump(byMs);
  },
};
