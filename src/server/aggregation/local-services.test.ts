import assert from "node:assert/strict";
import { test } from "node:test";
import { type APIService, apiServices } from "../../api/index.ts";
import { systemClock } from "../../base/index.ts";
import { createMemoryStore } from "../../store/index.ts";
import { ask } from "../request.fixture.ts";
import { type TestServer, testServer } from "../testing.ts";

const path = "/apis/apiregistration.k8s.io/v1/apiservices";
const label = "kube-aggregator.kubernetes.io/automanaged";

/** Resolves when the APIService is as wanted; undefined stands for one that is not there. */
const until = (
  server: TestServer,
  name: string,
  wanted: (service: APIService | undefined) => boolean,
): Promise<APIService | undefined> =>
  new Promise((resolve) => {
    const look = (): void => {
      const found = server.reader.get(apiServices, "", name);
      if (!wanted(found)) return;
      queueMicrotask(() => stop());
      resolve(found);
    };
    const stop = server.reader.subscribe(apiServices, { upsert: look, remove: look });
  });

const definition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.x.example.com" },
  spec: {
    group: "x.example.com",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
  },
};

test("served versions of custom kinds are registered, put right and taken away again", async () => {
  const server = await testServer();
  try {
    const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    await ask(server, `POST ${definitions}`, { body: definition });
    const made = await until(server, "v1.x.example.com", (each) => each !== undefined);
    assert.deepEqual(
      [made?.metadata.labels, made?.spec],
      [
        { [label]: "true" },
        { group: "x.example.com", version: "v1", groupPriorityMinimum: 1000, versionPriority: 100 },
      ],
    );
    await ask(server, `DELETE ${path}/v1.x.example.com`);
    const again = await until(
      server,
      "v1.x.example.com",
      (each) => each?.metadata.uid !== made?.metadata.uid && each !== undefined,
    );
    assert.equal(again?.spec.versionPriority, 100);
    await server.writer.update(apiServices, { namespace: "", name: "v1.x.example.com" }, (old) => ({
      ...old,
      spec: { ...old.spec, versionPriority: 7 },
    }));
    await until(server, "v1.x.example.com", (each) => each?.spec.versionPriority === 100);
    await ask(server, `DELETE ${definitions}/widgets.x.example.com`);
    await until(server, "v1.x.example.com", (each) => each === undefined);
  } finally {
    await server.close();
  }
});

test("a server puts the APIServices of its own versions right when it starts, and only then", async () => {
  const store = createMemoryStore({ clock: systemClock });
  const first = await testServer({ store });
  await first.writer.update(apiServices, { namespace: "", name: "v1.apps" }, (old) => ({
    ...old,
    spec: { ...old.spec, versionPriority: 3 },
  }));
  assert.equal(first.reader.get(apiServices, "", "v1.apps")?.spec.versionPriority, 3);
  await first.writer.create(apiServices, {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: "v0.gone.example.com", labels: { [label]: "onstart" } },
    spec: { group: "gone.example.com", version: "v0", groupPriorityMinimum: 1, versionPriority: 1 },
  } as unknown as APIService);
  await first.close();
  const second = await testServer({ store });
  assert.equal(second.reader.get(apiServices, "", "v1.apps")?.spec.versionPriority, 15);
  assert.equal(second.reader.get(apiServices, "", "v0.gone.example.com"), undefined);
  await second.close();
  await store.close();
});
