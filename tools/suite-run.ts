// A suite that has a cluster of a fixed name runs once at a time on a machine, and what a killed run left goes before the next one begins.
//
// The record of a run lies beside the claims of clusters: who runs it, and where its cluster is. A record whose process is gone is a run
// that could not clean up; the next run does that for it and says so.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { systemClock } from "../src/base/index.ts";
import {
  clusterLayout,
  clusterNamePattern,
  clusterNames,
  defaultDataDirectory,
  isAlive,
  type ProcessRecord,
  readRecord,
  startTimeOf,
  stopProcess,
  unmountBelow,
  writeOwnRecord,
} from "../src/cluster/index.ts";

const t8s = join(dirname(dirname(fileURLToPath(import.meta.url))), "t8s");

export interface SuiteRunOptions {
  /** As in `npm run SUITE`. */
  readonly suite: string;
  /** Of its cluster. */
  readonly name: string;
  readonly dataDirectory: string;
  /** A directory of this run alone, removed with whatever is mounted below it. */
  readonly temporary?: string;
  readonly say: (line: string) => void;
  /** Where the records of all runs are. */
  readonly records?: string;
}

export interface SuiteRun {
  /** A process group that this run started, by its leader. It ends with the run, also when the run is killed. */
  owns(pid: number): void;
  /** The run is over and has cleaned up. */
  end(): void;
}

interface RunRecord extends ProcessRecord, Pick<SuiteRunOptions, "suite" | "dataDirectory" | "temporary"> {
  readonly group?: ProcessRecord;
}

/** Registers this process as the run that has the cluster's name. Throws when another run has it; what a dead one left is removed first. */
export async function beginRun(options: SuiteRunOptions): Promise<SuiteRun> {
  const { suite, name, dataDirectory, temporary } = options;
  const records = options.records ?? join(defaultDataDirectory(), ".runs");
  const file = join(records, `${name}.json`);
  mkdirSync(records, { recursive: true });
  const before = readRecord<RunRecord>(file);
  if (isAlive(before) && before.pid !== process.pid)
    throw new Error(
      `npm run ${before.suite} has a cluster ${name} already (process ${before.pid}): wait until it has ended, or give this run another --name`,
    );
  if (before !== undefined) await cleanUpAfter(before, options);
  const own = { suite, dataDirectory, temporary };
  writeOwnRecord(file, own);
  return {
    owns: (pid) => writeOwnRecord(file, { ...own, group: { pid, startTime: startTimeOf(pid) ?? "" } }),
    end: () => rmSync(file, { force: true }),
  };
}

async function cleanUpAfter(before: RunRecord, { name, say }: SuiteRunOptions): Promise<void> {
  const { dataDirectory, temporary, suite, group } = before;
  say(`npm run ${suite} was killed: removing its cluster ${name} in ${dataDirectory}`);
  if (isAlive(group)) process.kill(-group.pid, "SIGKILL");
  await removeCluster(name, dataDirectory);
  if (temporary !== undefined) await removeBelow(temporary);
}

async function removeCluster(name: string, dataDirectory: string): Promise<void> {
  if (!clusterNames(dataDirectory).includes(name)) {
    // Killed before the cluster had an identity: nothing of it is on the machine but its process.
    await stopProcess(readRecord(clusterLayout(name, dataDirectory).processFile), systemClock, 10_000);
    return;
  }
  const words = ["delete", "--name", name, "--data-dir", dataDirectory];
  const { status, stderr } = spawnSync(t8s, words, { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] });
  if (status !== 0) throw new Error(`t8s ${words.join(" ")} failed:\n${stderr}`);
}

/**
 * Removes a run's own directory: the clusters whose data directories lie directly below it, then what is left of the process group, then
 * what is mounted there and every file.
 */
export async function removeBelow(temporary: string, group?: number): Promise<void> {
  for (const directory of directoriesIn(temporary))
    for (const name of directoriesIn(directory).map((each) => basename(each)))
      if (clusterNamePattern.test(name)) await removeCluster(name, directory);
  if (group !== undefined) killGroup(group);
  unmountBelow(temporary);
  rmSync(temporary, { recursive: true, force: true });
}

const directoriesIn = (directory: string): string[] =>
  existsSync(directory)
    ? readdirSync(directory, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(directory, name))
    : [];

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch (error) {
    if ((error as { code?: string }).code !== "ESRCH") throw error; // all of it has ended
  }
}
