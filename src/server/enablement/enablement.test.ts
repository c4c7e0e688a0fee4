import assert from "node:assert/strict";
import { test } from "node:test";
import { deployments, horizontalPodAutoscalersV1, type KindDefinition, pods } from "../../api/index.ts";
import { MetricRegistry } from "../../base/index.ts";
import { testServer } from "../testing.ts";
import { featureGates, parseFeatureGates } from "./features.ts";
import { parseRuntimeConfig, selectApis } from "./runtime-config.ts";

const beta: KindDefinition = { ...(deployments as KindDefinition), version: "v1beta9", kind: "Thing" };
const gated: KindDefinition = { ...beta, resource: "gatedthings", featureGate: "GenericWorkload" };
const kinds = [pods, deployments, horizontalPodAutoscalersV1, beta, gated] as readonly KindDefinition[];

/** What kube-apiserver 1.36.3 said to the same flag. */
const refusedGates: readonly (readonly [words: string[], message: string])[] = [
  [["Foo=true"], "unrecognized feature gate: Foo"],
  [["AllAlpha=tru"], 'invalid value of AllAlpha=tru, err: strconv.ParseBool: parsing "tru": invalid syntax'],
  [
    ["APIServerTracing=false", "DynamicResourceAllocation=false"],
    "[cannot set feature gate APIServerTracing to false, feature is locked to true, cannot set feature gate DynamicResourceAllocation to false, feature is locked to true]",
  ],
  [["GangScheduling=true"], "GangScheduling is enabled, but depends on features that are disabled: [GenericWorkload]"],
  [["SidecarContainers"], "missing bool value for SidecarContainers"],
];
for (const [words, message] of refusedGates)
  test(`--feature-gates=${words.join(",")} is refused`, () => {
    assert.throws(() => featureGates(parseFeatureGates(words)), { message });
  });

test("a gate is as set, else as its whole stage is set, else as upstream has it", () => {
  assert.equal(featureGates({}).enabled("HPAScaleToZero"), false);
  assert.equal(featureGates({}).enabled("APIResponseCompression"), true);
  assert.equal(featureGates({ AllBeta: false }).enabled("APIResponseCompression"), false);
  assert.equal(featureGates({ AllBeta: false, APIResponseCompression: true }).enabled("APIResponseCompression"), true);
  assert.equal(featureGates({ AllBeta: false }).enabled("SidecarContainers"), true);
  assert.throws(() => featureGates({}).enabled("NoSuchGate"), /has no feature gate NoSuchGate/);
});

test("every gate is in kubernetes_feature_enabled", () => {
  const metrics = new MetricRegistry();
  featureGates({ HPAScaleToZero: true }).record(metrics);
  const text = metrics.render();
  assert.match(text, /kubernetes_feature_enabled\{name="HPAScaleToZero",stage="ALPHA"\} 1\n/);
  assert.match(text, /kubernetes_feature_enabled\{name="SidecarContainers",stage=""\} 1\n/);
  assert.match(text, /kubernetes_feature_enabled\{name="AllAlpha",stage="ALPHA"\} 0\n/);
});

const refusedConfigs: readonly (readonly [words: string[], message: string])[] = [
  [["foo/v1=true"], "unknown api groups foo/v1"],
  [["apps/v3=true"], "group version apps/v3 that has not been registered"],
  [["api/all=false"], "invalid runtime-config with only api/all=false"],
  [["apps/v1=maybe"], 'invalid value of apps/v1: maybe, err: strconv.ParseBool: parsing "maybe": invalid syntax'],
  [["a/b/c/d=true"], "runtime-config invalid key a/b/c/d"],
  [
    ["apps/v1/Deployments=true"],
    'invalid key apps/v1/Deployments: group/version/resource and resource is always lowercase plural, not "Deployments"',
  ],
  [["foo=true"], "runtime-config invalid key foo"],
];
for (const [words, message] of refusedConfigs)
  test(`--runtime-config=${words.join(",")} is refused`, () => {
    assert.throws(() => selectApis(parseRuntimeConfig(words), kinds, () => false), { message });
  });

const selections: readonly (readonly [words: string[], served: string[], gate?: true])[] = [
  [[], ["pods", "deployments", "horizontalpodautoscalers"]],
  [["api/beta=true"], ["pods", "deployments", "horizontalpodautoscalers", "Thing"]],
  [["api/all=true"], ["pods", "deployments", "horizontalpodautoscalers", "Thing", "gatedthings"], true],
  [["apps/v1beta9"], ["pods", "deployments", "horizontalpodautoscalers", "Thing"]],
  [["apps/v1beta9/deployments=true"], ["pods", "deployments", "horizontalpodautoscalers", "Thing"]],
  [["api/ga=false", "/v1=true"], ["pods"]],
  [["api/ga=false", "api/v1", "api/legacy=maybe"], ["pods"]],
  [
    ["v1/pods=false", "api/legacy"],
    ["deployments", "horizontalpodautoscalers"],
  ],
  [
    ["apps/v1=false", "apps/v1/deployments=true"],
    ["pods", "deployments", "horizontalpodautoscalers"],
  ],
  [["autoscaling/v1=false"], ["pods", "deployments"]],
];
for (const [words, served, gate] of selections)
  test(`--runtime-config=${words.join(",")} serves ${served.join(", ")}`, () => {
    const selection = selectApis(parseRuntimeConfig(words), kinds, () => gate === true);
    const names = kinds.filter((kind) => selection.serves(kind));
    assert.deepEqual(
      names.map(({ kind, resource }) => (kind === "Thing" && resource !== "gatedthings" ? kind : resource)),
      served,
    );
  });

test("what is turned off is not there, and the server's own objects are made all the same", async () => {
  const server = await testServer({ runtimeConfig: { "apps/v1": "false", "discovery.k8s.io/v1": "false" } });
  try {
    const status = async (path: string): Promise<number> =>
      (await server.transport().request({ method: "GET", path, headers: {} })).status;
    assert.equal(await status("/apis/apps/v1/deployments"), 404);
    assert.equal(await status("/apis/discovery.k8s.io/v1"), 404);
    assert.equal(await status("/apis/batch/v1/jobs"), 200);
  } finally {
    await server.close();
  }
});
