// Names and numbers that clusters of one machine hold, wherever their data lies.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { type ClusterConfig, claimName, openConfig, releaseClaims } from "./config.ts";
import { type ClusterLayout, clusterLayout } from "./layout.ts";

const base = mkdtempSync(join(tmpdir(), "t8s-claims-"));
const held: [ClusterLayout, ClusterConfig][] = [];
after(() => {
  for (const [layout, config] of held) releaseClaims(layout, config);
  rmSync(base, { recursive: true });
});

const layoutIn = (data: string, name: string): ClusterLayout =>
  clusterLayout(`${name}-${process.pid}`, join(base, data));
async function open(layout: ClusterLayout): Promise<ClusterConfig> {
  const config = await openConfig(layout);
  held.push([layout, config]);
  return config;
}

test("a name is one cluster's: a second one elsewhere is told where the first is and what to do", async () => {
  const first = layoutIn("one", "twin");
  const second = layoutIn("two", "twin");
  claimName(first);
  const config = await open(first);
  claimName(first); // a later start of the same
  assert.throws(() => claimName(second), {
    message:
      `there is a cluster ${first.name} on this machine already, with its data in ${first.directory}: give this one another --name, ` +
      `or remove that one with t8s delete --name ${first.name} --data-dir ${join(base, "one")}`,
  });
  assert.equal(existsSync(join(base, "two")), false, "what was refused leaves no directory");

  releaseClaims(second, { ...config, index: -1 });
  assert.throws(() => claimName(second), /with its data in/, "only the holder gives a name back");

  rmSync(first.directory, { recursive: true });
  releaseClaims(first, config);
  claimName(second);
  assert.throws(() => claimName(first), /with its data in/);
  releaseClaims(second, { ...config, index: -1 });
});

test("the name of a cluster whose data is gone is free", () => {
  const first = layoutIn("one", "gone");
  const second = layoutIn("two", "gone");
  claimName(first);
  rmSync(first.directory, { recursive: true });
  claimName(second);
  assert.throws(() => claimName(first), /with its data in/);
  releaseClaims(second, { index: -1 } as ClusterConfig);
});

test("clusters beside each other share no number, range, bridge or port", async () => {
  const configs = [await open(layoutIn("one", "left")), await open(layoutIn("two", "right"))];
  const own = ["index", "serviceCidr", "podCidr", "bridge", "cgroupRoot"] as const;
  for (const what of own) assert.equal(new Set(configs.map((each) => each[what])).size, 2, what);
  assert.equal(new Set(configs.map(({ ports }) => ports.api)).size, 2);
  assert.deepEqual(await openConfig(layoutIn("one", "left")), configs[0], "a later start is the same cluster");
});
