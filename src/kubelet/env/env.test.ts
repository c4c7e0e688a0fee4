import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { ConfigMap, Container, Secret, Service } from "../../api/index.ts";
import { testPod } from "../testing.ts";
import { AbsentError, environmentOf } from "./environment.ts";
import { expand, expandStrict } from "./expand.ts";
import { fieldValue, resourceValue } from "./fields.ts";
import { serviceVariables } from "./service-env.ts";

describe("references in text", () => {
  const known = new Map([
    ["A", "a"],
    ["B", "b"],
    ["EMPTY", ""],
  ]);
  const table: [string, string][] = [
    ["$(A)", "a"],
    ["x$(A)y$(B)z", "xaybz"],
    ["$(NONE)", "$(NONE)"],
    ["$$(A)", "$(A)"],
    ["$$$(A)", "$a"],
    ["$(EMPTY)|", "|"],
    ["$A", "$A"],
    ["$(A", "$(A"],
    ["$($(A))", "$($(A))"],
    ["end$", "end$"],
  ];
  for (const [text, expected] of table)
    it(text, () =>
      assert.equal(
        expand(text, (name) => known.get(name)),
        expected,
      ),
    );
  it("a name without value is an error where it must have one", () =>
    assert.throws(() => expandStrict("$(NONE)", () => undefined), /missing value for "NONE"/));
  it("text without dollars stays", () =>
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes("$")),
        (text) =>
          assert.equal(
            expand(text, () => "x"),
            text,
          ),
      ),
    ));
});

describe("fields and resources", () => {
  const container: Container = {
    name: "c",
    resources: { limits: { cpu: "250m", memory: "64Mi" }, requests: { memory: "16Mi" } },
  };
  const context = {
    pod: testPod(
      { containers: [container], serviceAccountName: "sa" },
      { labels: { b: "2", a: "1" }, annotations: { q: 'x"y' } },
    ),
    podIps: ["10.0.0.2", "fd00::2"],
    hostIps: ["192.0.2.1"],
    allocatable: { cpu: "4", memory: "8Gi" },
  };
  const fields: [string, string][] = [
    ["metadata.name", "p"],
    ["metadata.labels", 'a="1"\nb="2"'],
    ["metadata.labels['a']", "1"],
    ["metadata.annotations", 'q="x\\"y"'],
    ["status.podIPs", "10.0.0.2,fd00::2"],
    ["status.hostIP", "192.0.2.1"],
    ["spec.serviceAccountName", "sa"],
  ];
  for (const [path, expected] of fields) it(path, () => assert.equal(fieldValue(path, context), expected));
  const resources: [resource: string, divisor: string | undefined, expected: string][] = [
    ["limits.cpu", undefined, "1"],
    ["limits.cpu", "1m", "250"],
    ["limits.memory", "1Mi", "64"],
    ["requests.memory", "1Ki", "16384"],
    ["requests.cpu", "1m", "0"],
  ];
  for (const [resource, divisor, expected] of resources)
    it(`${resource} by ${divisor ?? "one"}`, () =>
      assert.equal(
        resourceValue({ resource, ...(divisor === undefined ? {} : { divisor }) }, context, container),
        expected,
      ));
  it("a container without limit has what the node can give", () =>
    assert.equal(resourceValue({ resource: "limits.memory", divisor: "1Gi" }, context, { name: "d" }), "8"));
});

describe("the environment of a container", () => {
  const service: Service = {
    ...{
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "my-db", namespace: "ns", uid: "", resourceVersion: "", creationTimestamp: "" },
    },
    spec: { clusterIP: "10.96.0.5", ports: [{ name: "sql", port: 5432, protocol: "TCP" }] },
  };
  const objects = {
    async configMap(_: string, name: string): Promise<ConfigMap> {
      if (name !== "cm") throw new AbsentError(`configmap "${name}" not found`);
      return { data: { K: "v" } } as unknown as ConfigMap;
    },
    async secret(): Promise<Secret> {
      return { data: { S: btoa("hidden") } } as unknown as Secret;
    },
  };
  const of = async (container: Partial<Container>, links = true): Promise<Record<string, string>> => {
    const whole = { name: "c", ...container };
    const pod = testPod({ containers: [whole], enableServiceLinks: links });
    const list = await environmentOf({
      pod,
      container: whole,
      podIps: [],
      hostIps: [],
      allocatable: {},
      services: [service],
      objects,
      fileValue: async () => undefined,
    });
    return Object.fromEntries(list.map(({ name, value }) => [name, value]));
  };

  it("services are seen as links", () => {
    assert.deepEqual(Object.fromEntries(serviceVariables([service])), {
      MY_DB_SERVICE_HOST: "10.96.0.5",
      MY_DB_SERVICE_PORT: "5432",
      MY_DB_SERVICE_PORT_SQL: "5432",
      MY_DB_PORT: "tcp://10.96.0.5:5432",
      MY_DB_PORT_5432_TCP: "tcp://10.96.0.5:5432",
      MY_DB_PORT_5432_TCP_PROTO: "tcp",
      MY_DB_PORT_5432_TCP_PORT: "5432",
      MY_DB_PORT_5432_TCP_ADDR: "10.96.0.5",
    });
  });
  it("sources come first, own values see them and win", async () => {
    const env = await of(
      {
        envFrom: [{ prefix: "P_", configMapRef: { name: "cm" } }, { secretRef: { name: "s" } }],
        env: [
          { name: "X", value: "$(P_K)-$(S)-$(MY_DB_SERVICE_HOST)" },
          { name: "P_K", value: "own" },
        ],
      },
      true,
    );
    assert.deepEqual([env["X"], env["P_K"], env["S"]], ["v-hidden-10.96.0.5", "own", "hidden"]);
  });
  it("no links, no services", async () => assert.deepEqual(await of({}, false), {}));
  it("what is missing is an error with upstream's text, unless it may be", async () => {
    await assert.rejects(
      of({ envFrom: [{ configMapRef: { name: "nope" } }] }),
      /^AbsentError: configmap "nope" not found$/,
    );
    await assert.rejects(
      of({ env: [{ name: "X", valueFrom: { configMapKeyRef: { name: "cm", key: "no" } } }] }),
      /couldn't find key no in ConfigMap ns\/cm/,
    );
    assert.deepEqual(
      await of(
        {
          envFrom: [{ configMapRef: { name: "nope", optional: true } }],
          env: [{ name: "X", valueFrom: { configMapKeyRef: { name: "cm", key: "no", optional: true } } }],
        },
        false,
      ),
      {},
    );
  });
});
