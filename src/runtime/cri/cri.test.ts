// The contract against a real containerd, started for this test alone.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rmdir } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { silentLogger, sleep, systemClock } from "../../base/index.ts";
import { type ConformanceWorld, conformanceCases } from "../conformance.ts";
import { type ContainerRuntime, RuntimeError } from "../contract.ts";
import { connectCri } from "./connect.ts";
import { type TestContainerd, testContainerd, testImage, whyNoContainers } from "./testing.ts";

const obstacle = await whyNoContainers();

describe("containerd keeps the contract", { skip: obstacle }, () => {
  let containerd: TestContainerd;
  let runtime: ContainerRuntime;
  before(async () => {
    containerd = await testContainerd();
    runtime = await connectCri({ socket: containerd.socket, log: silentLogger });
  });
  after(async () => {
    await runtime?.close();
    await containerd?.destroy();
    await removeCgroups();
  });
  const cgroup = (): string => `t8s-test-${containerd.directory.slice(-6)}`;
  /** In every hierarchy of cgroup v1, or in the one of v2. */
  const removeCgroups = async (): Promise<void> => {
    for (const hierarchy of ["", ...(await readdir("/sys/fs/cgroup"))])
      await rmdir(`/sys/fs/cgroup/${hierarchy}/${cgroup()}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
      });
  };

  const world = async (): Promise<ConformanceWorld> => {
    const logDirectory = `${containerd.directory}/logs`;
    await mkdir(logDirectory, { recursive: true });
    return {
      ...{ runtime, image: testImage, logDirectory, cgroupParent: `/${cgroup()}` },
      readLog: (path) => readFile(path, "utf8"),
      async until(check, text) {
        for (let step = 0; step < 200; step++) {
          if (await check()) return;
          await sleep(systemClock, 50);
        }
        throw new Error(text);
      },
    };
  };
  for (const each of conformanceCases) it(each.name, async () => each.run(await world()));

  it("an event stream that the runtime does not have is told as such", async () => {
    const stop = new AbortController();
    const first = runtime.events!(stop.signal)[Symbol.asyncIterator]().next();
    const timer = systemClock.setTimeout(() => stop.abort(), 500);
    await first.then(
      () => undefined,
      (error: unknown) => assert.equal((error as RuntimeError).code, "UNIMPLEMENTED"),
    );
    timer.cancel();
  });
});

describe("connecting", () => {
  it("to a socket where nobody listens fails with what to do", async () => {
    await assert.rejects(
      connectCri({ socket: "/nonexistent/cri.sock", log: silentLogger, requestTimeoutMs: 200 }),
      (error) => {
        assert.ok(error instanceof RuntimeError);
        assert.match(error.message, /no container runtime answers at \/nonexistent\/cri\.sock: .*Is it running/);
        return true;
      },
    );
  });
});
