import assert from "node:assert/strict";
import { test } from "node:test";
import { plugins } from "../../scheduler/index.ts";
import { parseSchedulerFile } from "./configuration.ts";

const head = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n";
const parse = (body: string) => parseSchedulerFile(`${head}${body}`, "/s.yaml");
const weights = (body: string) => new Map(parse(body).profile.plugins!.map(({ name, weight }) => [name, weight]));

test("a file that says nothing is the default profile", () => {
  const { profile, leader } = parse("");
  assert.deepEqual(profile.plugins, plugins);
  assert.deepEqual(leader, {});
});

test("names, credentials and election", () => {
  const { profile, kubeconfig, leader } = parse(`
clientConnection: {kubeconfig: /kc, qps: 50}
leaderElection: {leaderElect: false, leaseDuration: 30s, resourceName: mine, resourceLock: leases}
percentageOfNodesToScore: 30
profiles: [{schedulerName: other}]
`);
  assert.equal(profile.schedulerName, "other");
  assert.equal(profile.percentageOfNodesToScore, 30);
  assert.equal(kubeconfig, "/kc");
  assert.deepEqual(leader, {
    "leader-elect": false,
    "leader-elect-lease-duration": 30_000,
    "leader-elect-resource-name": "mine",
  });
});

test("plugins are chosen and weighed", () => {
  const off = weights("profiles: [{plugins: {multiPoint: {disabled: [{name: ImageLocality}]}}}]");
  assert.equal(off.has("ImageLocality"), false);
  assert.equal(off.size, plugins.length - 1);
  const heavy = weights("profiles: [{plugins: {multiPoint: {enabled: [{name: ImageLocality, weight: 9}]}}}]");
  assert.equal(heavy.get("ImageLocality"), 9);
  assert.deepEqual(
    [...heavy.keys()],
    plugins.map(({ name }) => name),
  );
  const few = weights(
    "profiles: [{plugins: {multiPoint: {disabled: [{name: '*'}], enabled: [{name: PrioritySort}, {name: DefaultBinder}, {name: NodeVolumeLimits}]}}}]",
  );
  assert.deepEqual([...few.keys()], ["PrioritySort", "DefaultBinder"]);
  const score = weights(
    "profiles: [{plugins: {score: {disabled: [{name: '*'}], enabled: [{name: TaintToleration, weight: 4}]}}}]",
  );
  assert.equal(score.get("TaintToleration"), 4);
  assert.equal(score.get("NodeAffinity"), 0);
});

test("what can not be meant, and what is not implemented, is refused", () => {
  const cases: readonly [string, RegExp][] = [
    ["foo: 1", /^strict decoding error: unknown field "foo"$/],
    ["profiles: [{schedulerName: a}, {schedulerName: a}]", /^profiles\[1\]\.schedulerName: Duplicate value: \{\}$/],
    [
      'percentageOfNodesToScore: 200\nparallelism: -1\nprofiles: [{schedulerName: ""}]',
      /^\[parallelism: Invalid value: -1: should be an integer value greater than zero, profiles\[0\]\.schedulerName: Required value, percentageOfNodesToScore: Invalid value: 200: not in valid range \[0-100\]\]$/,
    ],
    ["profiles: [{schedulerName: a}, {schedulerName: b}]", /several profiles are not implemented/],
    ["profiles: [{plugins: {filter: {disabled: [{name: NodePorts}]}}}]", /^plugins\.filter is not implemented/],
    ["profiles: [{plugins: {multiPoint: {enabled: [{name: Nope}]}}}]", /^plugin "Nope" does not exist/],
    ["profiles: [{plugins: {multiPoint: {disabled: [{name: '*'}]}}}]", /^plugins\.multiPoint: PrioritySort/],
    ["podMaxBackoffSeconds: 60", /^podMaxBackoffSeconds is not implemented: it is 10 here/],
    [
      "profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated}}}]}]",
      /^pluginConfig: scoringStrategy of NodeResourcesFit is not implemented/,
    ],
  ];
  for (const [body, message] of cases) assert.throws(() => parse(body), { name: "FlagError", message });
  assert.throws(() => parseSchedulerFile("kind: Pod", "/s.yaml"), /no kind "Pod" is registered for version ""/);
});
