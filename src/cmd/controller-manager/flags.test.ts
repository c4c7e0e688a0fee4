import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFlags } from "../../cli/index.ts";
import { controllerFlags, controllerOptions } from "./flags.ts";

const options = (...words: string[]) =>
  controllerOptions({ ...parseFlags(controllerFlags, words).values, "node-cidr-mask-size": 24 });

test("flags become the controllers' options", () => {
  const { nodeLifecycle, ...rest } = options("--node-monitor-grace-period=20s", "--node-eviction-rate=2");
  assert.deepEqual(nodeLifecycle, {
    gracePeriodMs: 20_000,
    startupGracePeriodMs: 60_000,
    largeZone: 50,
    evictionsPerSecond: 2,
    reducedEvictionsPerSecond: 0.01,
    unhealthyShare: 0.55,
  });
  assert.equal(rest["nodeCidrMaskSizeIpv4"], 24);
  assert.equal(options("--node-cidr-mask-size-ipv4=26")["nodeCidrMaskSizeIpv4"], 26);
});

test("bad values are told in upstream's words", () => {
  assert.throws(() => options("--node-eviction-rate=x"), {
    message: 'invalid argument "x" for "--node-eviction-rate" flag: strconv.ParseFloat: parsing "x": invalid syntax',
  });
  assert.throws(() => options("--max-endpoints-per-slice=0", "--mirroring-max-endpoints-per-subset=2000"), {
    message:
      "[max-endpoints-per-slice must not be less than 1, but got 0, mirroring-max-endpoints-per-subset must not be more than 1000, but got 2000]",
  });
});
