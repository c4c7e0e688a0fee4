// A cluster's life on the machine: it leaves nothing behind, resumes, survives kill -9, and shares the machine.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { clusterLayout, openConfig } from "../../src/cluster/index.ts";
import { busyboxPod, called, runProgram, startTestCluster, type TestCluster, t8s } from "./harness.ts";
import { assertUnchanged, machinePicture, scopeOf } from "./machine.ts";

/** Set-up is not what these tests look at. */
const prepared = runProgram(t8s, ["up", "--prepare"]);

/** Asked once: what is said to be ready answers. */
async function showsItsPage(cluster: TestCluster): Promise<void> {
  const [, address] = /^ *sample +(http:.*)$/m.exec(cluster.log()) ?? [];
  assert.ok(address, cluster.log());
  assert.match(await (await fetch(address)).text(), /Hello from Typernetes/, cluster.log());
}

test("up, Ctrl-C, up again: nothing left behind in between, the same cluster after", async () => {
  await prepared;
  const before = machinePicture();
  const dataDirectory = mkdtempSync(join(tmpdir(), "t8s-"));
  const first = await startTestCluster({ name: called("life"), dataDirectory, flags: ["--sample"] });
  await showsItsPage(first);
  await first.apply(busyboxPod("stays", ["sleep", "10000"]));
  await first.kubectl("wait", "pod/stays", "--for=condition=Ready", "--timeout=60s");
  assert.match((await first.t8s("status")).stdout, /life-\d+: running/);
  const elsewhere = mkdtempSync(join(tmpdir(), "t8s-"));
  const twin = await runProgram(t8s, ["up", "--name", called("life"), "--data-dir", elsewhere]);
  assert.notEqual(twin.status, 0, "the name is taken");
  assert.ok(twin.stderr.includes(`with its data in ${join(dataDirectory, called("life"))}`), twin.stderr);
  rmSync(elsewhere, { recursive: true });
  first.process.kill("SIGINT");
  await once(first.process, "exit");
  await assertUnchanged(before);
  assert.match((await first.t8s("status")).stdout, /life-\d+: stopped/);

  const second = await startTestCluster({ name: called("life"), dataDirectory, flags: ["--sample"] });
  await showsItsPage(second);
  await second.eventually(["get", "pod", "stays"], (text) => /1\/1 +Running/.test(text));
  const down = await second.t8s("down");
  assert.equal(down.status, 0, down.stderr);
  await assertUnchanged(before);
  await second.remove();
  await assertUnchanged(before);
});

test("after kill -9 a start adopts what runs", async () => {
  await prepared;
  const before = machinePicture();
  const dataDirectory = mkdtempSync(join(tmpdir(), "t8s-"));
  const first = await startTestCluster({ name: called("kill"), dataDirectory });
  await first.apply(busyboxPod("survivor", ["sh", "-c", "date +%s%N > /started; sleep 10000"]));
  await first.kubectl("wait", "pod/survivor", "--for=condition=Ready", "--timeout=60s");
  const started = await first.kubectl("exec", "survivor", "--", "cat", "/started");
  first.process.kill("SIGKILL");
  await once(first.process, "exit");
  assert.match((await first.t8s("status")).stdout, /kill-\d+: ended without cleaning up/);

  const second = await startTestCluster({ name: called("kill"), dataDirectory });
  await second.kubectl("wait", "pod/survivor", "--for=condition=Ready", "--timeout=60s");
  assert.equal(
    await second.kubectl("exec", "survivor", "--", "cat", "/started"),
    started,
    "the container was not restarted",
  );
  assert.equal(
    await second.kubectl("get", "pod", "survivor", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"),
    "0",
  );
  second.process.kill("SIGKILL");
  await once(second.process, "exit");
  const down = await second.t8s("down");
  assert.equal(down.status, 0, down.stderr);
  await assertUnchanged(before, "down must clean up after a killed process too");
  await second.remove();
});

test("two clusters run side by side", async () => {
  await prepared;
  const before = machinePicture();
  const [one, two] = await Promise.all([
    startTestCluster({ name: called("one") }),
    startTestCluster({ name: called("two") }),
  ]);
  try {
    await Promise.all(
      [one, two].map(async (cluster) => {
        await cluster.apply(busyboxPod("probe", ["sleep", "10000"]));
        await cluster.kubectl("wait", "pod/probe", "--for=condition=Ready", "--timeout=60s");
        assert.match(
          await cluster.kubectl("exec", "probe", "--", "nslookup", "kubernetes.default.svc.cluster.local"),
          /Address/,
        );
      }),
    );
    const address = (cluster: typeof one): Promise<string> =>
      cluster.kubectl("get", "service", "kubernetes", "-o", "jsonpath={.spec.clusterIP}");
    assert.notEqual(await address(one), await address(two));
    const again = await runProgram(t8s, ["up", ...scopeOf(one.name, one.dataDirectory)]);
    assert.equal(again.status, 1);
    assert.match(again.stderr, /cluster one-\d+ is already running/);
  } finally {
    await Promise.all([one.remove(), two.remove()]);
  }
  await assertUnchanged(before);
});

test("--detach returns when the cluster is ready; delete removes it", async () => {
  await prepared;
  const before = machinePicture();
  const dataDirectory = mkdtempSync(join(tmpdir(), "t8s-"));
  const scope = scopeOf(called("far"), dataDirectory);
  const up = await runProgram(t8s, ["up", "--detach", ...scope]);
  assert.equal(up.status, 0, up.stderr);
  const nodes = await runProgram("kubectl", ["get", "nodes"], {
    env: { KUBECONFIG: join(dataDirectory, called("far"), "kubeconfig"), HOME: dataDirectory },
  });
  assert.match(nodes.stdout, / Ready /);
  const removed = await runProgram(t8s, ["delete", ...scope]);
  assert.equal(removed.status, 0, removed.stderr);
  await assertUnchanged(before);
  rmSync(dataDirectory, { recursive: true });
});

test("--detach says why a cluster ended before it was ready", async () => {
  await prepared;
  const dataDirectory = mkdtempSync(join(tmpdir(), "t8s-"));
  const scope = scopeOf(called("early"), dataDirectory);
  const { ports } = await openConfig(clusterLayout(called("early"), dataDirectory));
  const before = machinePicture();
  const taken = createServer().listen({ port: ports.api, host: "0.0.0.0", exclusive: true });
  await once(taken, "listening");
  try {
    const up = await runProgram(t8s, ["up", "--detach", "--simulated", ...scope]);
    assert.equal(up.status, 1, up.stdout);
    assert.match(up.stderr, /the cluster did not start:\n.*the API server failed: .*the port is in use/s);
    assert.match((await runProgram(t8s, ["status", ...scope])).stdout, /early-\d+: stopped/);
    await assertUnchanged(before);
  } finally {
    taken.close();
    const removed = await runProgram(t8s, ["delete", ...scope]);
    assert.equal(removed.status, 0, removed.stderr);
    rmSync(dataDirectory, { recursive: true });
  }
});

test("without root the nodes are simulated, and it says so", async () => {
  await prepared;
  const cluster = await startTestCluster({ name: called("dream"), flags: ["--simulated"] });
  try {
    assert.match(cluster.log(), /simulated/);
    await cluster.apply(busyboxPod("pretend", ["sleep", "10000"]));
    await cluster.kubectl("wait", "pod/pretend", "--for=condition=Ready", "--timeout=60s");
  } finally {
    await cluster.remove();
  }
});

test("a simulated cluster resumes with its sample", async () => {
  await prepared;
  const name = called("again");
  const dataDirectory = mkdtempSync(join(tmpdir(), "t8s-"));
  const flags = ["--simulated", "--sample"];
  const sampleReady = /^ *[\d.]+ s +sample ready +3 pods$/m;
  const first = await startTestCluster({ name, dataDirectory, flags });
  assert.match(first.log(), sampleReady);
  assert.doesNotMatch(first.log(), /^ *sample +http/m, "nothing answers at a simulated pod's address");
  const pods = ["get", "pods", "-l", "app=hello", "-o", "jsonpath={.items[*].metadata.uid}"];
  const made = await first.kubectl(...pods);
  first.process.kill("SIGINT");
  await once(first.process, "exit");

  const second = await startTestCluster({ name, dataDirectory, flags });
  try {
    assert.match(second.log(), sampleReady);
    assert.equal(await second.kubectl(...pods), made, "they are the same pods");
  } finally {
    await second.remove();
  }
});

test("command lines that are not understood are named", async () => {
  const table: readonly (readonly [readonly string[], RegExp])[] = [
    [["frobnicate"], /unknown command "frobnicate"/],
    [["up", "--frobnicate"], /unknown flag: --frobnicate/],
    [["apiserver", "--tracing-config-file=x"], /--tracing-config-file is not implemented/],
    [["status", "extra"], /unexpected argument "extra"/],
    [["up", "--name", "Bad_Name"], /cluster name "Bad_Name"/],
  ];
  for (const [words, message] of table) {
    const output = await runProgram(t8s, words);
    assert.notEqual(output.status, 0, words.join(" "));
    assert.match(output.stderr, message);
  }
});
