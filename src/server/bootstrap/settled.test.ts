import assert from "node:assert/strict";
import { test } from "node:test";
import {
  apiServices,
  clusterRoleBindings,
  clusterRoles,
  flowSchemas,
  type KindDefinition,
  namespaces,
  priorityClasses,
  priorityLevelConfigurations,
  roleBindings,
  roles,
  serviceCIDRs,
} from "../../api/index.ts";
import { systemClock, systemRng } from "../../base/index.ts";
import { encodeForStore, type KubeObject } from "../../machinery/index.ts";
import { createMemoryStore } from "../../store/index.ts";
import { type TestServer, testServer } from "../testing.ts";
import { bootstrapRbac } from "./rbac.ts";

/** By name, without what is each object's own, as text: the order of members counts, since bytes go out as they are stored. */
function contents(server: TestServer, kinds: readonly unknown[]): Record<string, string> {
  const own = ["uid", "creationTimestamp", "time", "lastTransitionTime"];
  const text = (object: KubeObject): string =>
    JSON.stringify(JSON.parse(new TextDecoder().decode(encodeForStore(object))), (key, value: unknown) =>
      own.includes(key) ? "its own" : key === "resourceVersion" ? undefined : value,
    );
  const found: Record<string, string> = {};
  for (const kind of kinds as KindDefinition[])
    for (const object of server.reader.list<KubeObject>(kind))
      found[`${kind.resource} ${object.metadata.namespace ?? ""}/${object.metadata.name}`] = text(object);
  return found;
}

/** When all schemas say that their level is there. */
async function conditionsWritten(server: TestServer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    const schemas = server.reader.list(flowSchemas);
    if (schemas.length === 11 && schemas.every(({ status }) => status?.conditions?.[0]?.status === "False")) resolve();
  };
  const stop = server.reader.subscribe(flowSchemas, { upsert: look, remove: look });
  look();
  await promise;
  stop();
}

test("roles and bindings of a new cluster are stored as the registry would have stored them", async (context) => {
  const settled = await testServer({ bootstrap: bootstrapRbac });
  context.after(() => settled.close());
  const checked = await testServer({ bootstrap: (writer, reader) => bootstrapRbac(writer, reader) });
  context.after(() => checked.close());
  const kinds = [clusterRoles, clusterRoleBindings, roles, roleBindings];
  const wanted = contents(checked, kinds);
  assert.ok(Object.keys(wanted).length > 100);
  assert.deepEqual(contents(settled, kinds), wanted);
});

test("flow schemas and levels of a new cluster are what requests and their conditions make of them", async (context) => {
  const settled = await testServer({ priorityAndFairness: true });
  context.after(() => settled.close());
  await conditionsWritten(settled);
  // With a level of its own a cluster is not new.
  const store = createMemoryStore({ clock: systemClock });
  context.after(() => store.close());
  const before = await testServer({ store });
  const path = "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations";
  const body = {
    apiVersion: "flowcontrol.apiserver.k8s.io/v1",
    kind: "PriorityLevelConfiguration",
    metadata: { name: "own" },
    spec: { type: "Limited", limited: { nominalConcurrencyShares: 1, limitResponse: { type: "Reject" } } },
  };
  const made = await before
    .transport()
    .request({ method: "POST", path, query: new URLSearchParams(), headers: {}, body });
  assert.equal(made.status, 201);
  await before.close();
  const checked = await testServer({ store, priorityAndFairness: true });
  context.after(() => checked.close());
  await conditionsWritten(checked);
  const kinds = [flowSchemas, priorityLevelConfigurations];
  const { "prioritylevelconfigurations /own": _, ...wanted } = contents(checked, kinds);
  assert.deepEqual(contents(settled, kinds), wanted);
});

test("APIServices of a new cluster are what a server makes of those that are missing", async (context) => {
  const settled = await testServer();
  context.after(() => settled.close());
  // Where one is left the cluster is not new.
  const store = createMemoryStore({ clock: systemClock });
  context.after(() => store.close());
  const before = await testServer({ store });
  const [, ...others] = before.reader.list(apiServices).map(({ metadata }) => metadata.name);
  for (const name of others) await before.writer.remove(apiServices, { namespace: "", name });
  await before.close();
  const checked = await testServer({ store });
  context.after(() => checked.close());
  assert.ok(others.length > 15);
  const [own, wanted] = [settled, checked].map((server) => contents(server, [apiServices]));
  for (const name of others) assert.equal(own![`apiservices /${name}`], wanted![`apiservices /${name}`]);
});

test("namespaces, priority classes and the range of services are what a server makes where others of their kinds are", async (context) => {
  const options = { serviceClusterIPRange: "10.97.0.0/16" };
  const settled = await testServer(options);
  context.after(() => settled.close());
  const store = createMemoryStore({ clock: systemClock });
  context.after(() => store.close());
  const own = (apiVersion: string, kind: string): Uint8Array =>
    encodeForStore({ apiVersion, kind, metadata: { name: "own", uid: "1" } } as KubeObject);
  for (const [key, value] of [
    ["namespaces/own", own("v1", "Namespace")],
    ["priorityclasses/own", own("scheduling.k8s.io/v1", "PriorityClass")],
    ["servicecidrs/own", own("networking.k8s.io/v1", "ServiceCIDR")],
  ] as const)
    await store.commit([{ type: "put", key: `/registry/${key}`, value }]);
  const checked = await testServer({ ...options, store });
  context.after(() => checked.close());
  const kinds = [namespaces, priorityClasses, serviceCIDRs];
  const wanted = Object.entries(contents(checked, kinds)).filter(([name]) => !name.endsWith("/own"));
  assert.equal(wanted.length, 7);
  assert.deepEqual(contents(settled, kinds), Object.fromEntries(wanted));
});

test("what is settled once serves every cluster of the process with an identity of its own", async (context) => {
  const [one, two] = await Promise.all([
    testServer({ bootstrap: bootstrapRbac }),
    testServer({ bootstrap: bootstrapRbac, rng: systemRng }),
  ]);
  context.after(() => Promise.all([one.close(), two.close()]));
  const [a, b] = [one, two].map((server) => server.reader.get<KubeObject>(clusterRoles, "", "admin"));
  assert.notEqual(a?.metadata.uid, b?.metadata.uid);
});
