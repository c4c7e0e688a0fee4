// A machine without any network: a start needs nothing from elsewhere.
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { called, runProgram, startTestCluster, t8s } from "./harness.ts";
import { assertUnchanged, machinePicture } from "./machine.ts";

test("without a route to anywhere the sample comes up and answers", async () => {
  const prepared = await runProgram(t8s, ["up", "--prepare"]);
  assert.equal(prepared.status, 0, prepared.stderr);
  const before = machinePicture();
  const cluster = await startTestCluster({ name: called("offline"), offline: true, flags: ["--sample"] });
  try {
    const links = await cluster.run("ip", ["-o", "route", "show", "default"]);
    assert.equal(links.stdout, "", "nothing leads out of this namespace");
    assert.doesNotMatch(cluster.log(), /simulated/, "containers are real");
    const addresses = [...cluster.log().matchAll(/^ *sample +(http:.*)$/gm)].map(([, address]) => address!);
    assert.equal(addresses.length, 2, cluster.log());
    for (const address of addresses) {
      const page = await cluster.run(process.execPath, [
        "--eval",
        "fetch(process.argv[1]).then(async (answer) => console.log(answer.status, await answer.text()))",
        address,
      ]);
      assert.match(page.stdout, /^200 .*hello/s, page.stderr);
    }
    const pod = (await cluster.kubectl("get", "pods", "-l", "app=hello", "-o", "name")).split("\n")[0]!;
    const lookUp = ["exec", pod, "--", "nslookup", "hello.default.svc.cluster.local"];
    assert.match(await cluster.kubectl(...lookUp), /Address: 10\./);
  } finally {
    await cluster.remove();
  }
  await assertUnchanged(before);
});
