// The rounds: load, strike, heal, and what must hold afterwards.
import { type Clock, onAbort, seededRng, sleep } from "../../src/base/index.ts";
import { needContainers, needPrograms } from "../../tools/needs.ts";
import { type MachinePicture, machinePicture } from "../e2e/machine.ts";
import { RefusedWatch, send } from "./api.ts";
import { checkOrder, compareLists, compareWatches, compareWithWrites, type Segment } from "./history.ts";
import { type Counts, type Ledger, listEntries, startLedger } from "./ledger.ts";
import { type Cleaned, leaseNames, nothingLeft } from "./leftovers.ts";
import { choiceOf, type Plan, planRound } from "./plan.ts";
import { type Recorder, readStretch, startRecorder } from "./recorder.ts";
import type { RoundResult } from "./report.ts";
import { converged, createWorkloads, deletePod, insist, wish } from "./workloads.ts";
import { makeWorld, type World } from "./world.ts";

export interface RunOptions {
  readonly seed: number;
  readonly from: number;
  readonly rounds: number;
  readonly only: string;
  readonly name: string;
  readonly keepGoing: boolean;
  readonly clock: Clock;
  /** Ends the run, in order. */
  readonly signal: AbortSignal;
  readonly onRound: (result: RoundResult) => void;
}

/** Guards against hanging on a slow machine, never expectations. */
const limits = { convergedMs: 120_000, caughtUpMs: 60_000, leftMs: 120_000 };
const ledgerNamespace = "ledger";
const entriesPath = `/api/v1/namespaces/${ledgerNamespace}/configmaps`;
const watched = [entriesPath, "/api/v1/pods", "/apis/discovery.k8s.io/v1/endpointslices"] as const;

/** Answers what was wrong besides the rounds: how the cluster began or ended. */
export async function runRounds(options: RunOptions): Promise<string[]> {
  const { seed, from, rounds, only, name, clock, onRound } = options;
  choiceOf(only, true);
  needContainers("npm run chaos", (line) => console.log(line));
  needPrograms("npm run chaos", {
    "mkfs.ext4": "e2fsprogs",
    mount: "mount",
    fallocate: "util-linux",
    nsenter: "util-linux",
  });
  const before = machinePicture();
  const world = await makeWorld(name, clock);
  console.log(`cluster ${name} in ${world.layout.directory}, its store on ${world.disk.kind}`);
  if (world.wall === undefined)
    console.log("no C compiler, so no other time: faults of the clock are left to the simulator");
  const problems: string[] = [];
  const interrupted = new Promise<undefined>((resolve) => onAbort(options.signal, () => resolve(undefined)));
  try {
    await createWorkloads(world.transport, ["chaos", ledgerNamespace], clock);
    const leases = await leaseNames(world.transport);
    const choice = choiceOf(only, world.wall !== undefined);
    for (let round = from; round < from + rounds; round++) {
      const playing = playRound(world, { round, plan: planRound(seed, round, choice), seed, leases });
      const result = await Promise.race([playing, interrupted]);
      if (result === undefined) break;
      onRound(result);
      if (world.died() !== undefined) break;
      if (result.wrong.length > 0 && !options.keepGoing) break;
    }
  } finally {
    const log = world.log();
    await world.end().catch((error: Error) => problems.push(`the end: ${error.message}`));
    problems.push(
      ...(await newOnMachine(before, clock)).map((each) => `left on the machine after t8s delete: ${each}`),
    );
    if (problems.length > 0) problems.push(log.slice(-3000));
  }
  return problems;
}

/** For what other clusters of the machine have for a moment before their names are on it. */
const looks = { count: 10, everyMs: 500 };

/** What stands there that did not before, each time it is looked at. */
async function newOnMachine(before: MachinePicture, clock: Clock): Promise<readonly string[]> {
  const look = (): string[] => machinePicture().counted.filter((line) => !before.lines.includes(line));
  let stays = look();
  for (let count = 1; count < looks.count && stays.length > 0; count++) {
    await sleep(clock, looks.everyMs);
    const now = look();
    stays = stays.filter((line) => now.includes(line));
  }
  return stays;
}

interface Round {
  readonly round: number;
  readonly plan: Plan;
  readonly seed: number;
  readonly leases: ReadonlySet<string>;
}

async function playRound(world: World, { round, plan, seed, leases }: Round): Promise<RoundResult> {
  const { clock, transport } = world;
  const startedMs = clock.monotonic();
  await clearEntries(world);
  const recorders = await Promise.all(
    watched.map((path, index) =>
      startRecorder({ transport, path, clock, rng: seededRng(seed ^ (round << 8) ^ index) }),
    ),
  );
  const ledger = startLedger({
    ...{ transport, clock, namespace: ledgerNamespace, writers: 4, keysOfEach: 6, pauseMs: 50 },
    rng: seededRng(seed ^ (round << 8)),
  });
  const wanted = { round, ...plan };
  const wishing = wish(transport, wanted, clock);
  wishing.catch(() => {}); // awaited below
  await sleep(clock, plan.strikeAfterMs);
  const strikeMs = clock.monotonic();
  const heal = await plan.fault.strike(world, plan.rng);
  if (plan.deletesPod) void deletePod(transport, (count) => plan.rng.below(count)).catch(() => {}); // may not come through
  await sleep(clock, plan.lastsMs);
  const wrong: string[] = [];
  await heal().catch((error: Error) => wrong.push(error.message));
  const healedMs = clock.monotonic();
  let convergedMs = Number.NaN;
  let lastConverged: readonly string[] = [];
  let cleaned: Cleaned | undefined;
  try {
    if (world.died() === undefined) await wishing;
    const { nodes, died: over } = world;
    const convergence = await converged(transport, wanted, { nodes, clock, limitMs: limits.convergedMs, over });
    convergedMs = clock.monotonic() - healedMs;
    wrong.push(...convergence.wrong);
    lastConverged = convergence.last;
  } catch (error) {
    wrong.push((error as Error).message);
  }
  if (world.died() !== undefined) wrong.push(world.died()!);
  else {
    await ledger.stop();
    wrong.push(...(await judge(world, ledger, recorders)));
    cleaned = await nothingLeft(world, { leases, clock, limitMs: limits.leftMs });
    if (!cleaned.isClean) wrong.push(...cleaned.last.map((each) => `left over: ${each}`));
  }
  await Promise.all(recorders.map((recorder) => recorder.stop()));
  return {
    round,
    fault: plan.fault.name,
    lastedMs: healedMs - strikeMs,
    convergedMs,
    lastConverged,
    cleanedMs: cleaned?.afterMs ?? Number.NaN,
    lastLeft: cleaned?.last ?? [],
    totalMs: clock.monotonic() - startedMs,
    counts: ledger.counts() satisfies Counts,
    events: recorders.reduce(
      (sum, { segments }) => sum + segments.reduce((all, { events }) => all + events.length, 0),
      0,
    ),
    listed: recorders.reduce((sum, { segments }) => sum + segments.length - 1, 0),
    resumed: recorders.reduce((sum, recorder) => sum + recorder.resumed(), 0),
    wrong: [...wrong, ...[...ledger.refusals].filter((text) => !isOrderly(text)).map((text) => `a refusal: ${text}`)],
  };
}

/** What the server may say when it cannot: that the disk is full, or that it is about to end. */
const isOrderly = (text: string): boolean => /disk is full|shutting down|starting/.test(text);

/** The ledger's keys of the round before: each round begins with none. */
async function clearEntries({ transport, clock }: World): Promise<void> {
  const present = [...(await listEntries(transport, ledgerNamespace)).keys()];
  for (const name of present)
    await insist(transport, { method: "DELETE", path: `${entriesPath}/${name}` }, { fine: [404], clock });
}

const withoutMarkers = (segment: Segment): Segment => ({
  ...segment,
  events: segment.events.filter(({ key }) => /\/k-\d+-\d+$/.test(key)),
});

/** Everything acknowledged is there, and watches have shown it all. */
async function judge(world: World, ledger: Ledger, recorders: readonly Recorder[]): Promise<string[]> {
  const { transport, clock } = world;
  const wrong = [...ledger.wrong];
  try {
    const present = await listEntries(transport, ledgerNamespace);
    for (const key of new Set([...present.keys(), ...ledger.present().keys()])) {
      const [there, promised] = [present.get(key), ledger.present().get(key)];
      if (there?.serial !== promised?.serial || there?.revision !== promised?.revision)
        wrong.push(
          `${key}: ${JSON.stringify(promised) ?? "absence"} was promised, ${JSON.stringify(there) ?? "nothing"} is there`,
        );
    }
    for (const recorder of recorders) wrong.push(...(await judgeWatch(recorder)));
    const writes = ledger.writes.map((write) => ({ ...write, key: `${ledgerNamespace}/${write.key}` }));
    wrong.push(...compareWithWrites(writes, recorders[0]!.segments.map(withoutMarkers)));
  } catch (error) {
    wrong.push((error as Error).message);
  }
  return wrong;

  async function judgeWatch(recorder: Recorder): Promise<string[]> {
    const newest = await marked(recorder);
    await recorder.caughtUp(newest, limits.caughtUpMs);
    const { path, segments } = recorder;
    const { from, events } = segments.at(-1)!;
    const upTo = events.findLast(({ revision }) => revision <= newest)?.revision ?? from;
    const seen = events.filter(({ revision }) => revision <= upTo);
    const whole = await readStretch(transport, path, { from, upTo, clock, limitMs: limits.caughtUpMs }).catch(
      (error) => {
        // A long round is longer than the server keeps events for watches.
        if (error instanceof RefusedWatch && error.code === 410) return seen;
        throw error;
      },
    );
    return [
      ...recorder.wrong,
      ...segments.flatMap(checkOrder),
      ...compareLists(segments),
      ...compareWatches(seen, whole),
    ].map((text) => `${path}: ${text}`);
  }

  /** The newest revision that the recorder's watch must have shown by now: of a last write, or of what is there. */
  async function marked({ path }: Recorder): Promise<number> {
    if (path === entriesPath) {
      const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "marker-" } };
      const answer = await send(transport, { method: "POST", path, body });
      return Number((answer.body as { metadata: { resourceVersion: string } }).metadata.resourceVersion);
    }
    const answer = await send(transport, { method: "GET", path });
    const { items } = answer.body as { items: { metadata: { resourceVersion: string } }[] };
    return Math.max(0, ...items.map(({ metadata }) => Number(metadata.resourceVersion)));
  }
}
