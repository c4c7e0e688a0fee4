import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../base/index.ts";
import { createMemoryStore } from "../../store/index.ts";
import type { WebhookConnections } from "../contract.ts";
import { ask, type Json, nextEvents } from "../request.fixture.ts";
import { type TestServer, testServer } from "../testing.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const widgets = "/apis/example.com/v1/namespaces/default/widgets";
const tableOf = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };

const text = { type: "string" };
const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      required: ["size"],
      properties: {
        size: { type: "integer", minimum: 1 },
        color: { ...text, default: "red" },
        parts: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
          items: { type: "object", required: ["name"], properties: { name: text } },
        },
      },
      "x-kubernetes-validations": [{ rule: "self.size < 100", message: "too large" }],
    },
    status: { type: "object", properties: { ready: { type: "integer" }, selector: text } },
  },
};

const version = (name: string, more: object = {}): object => ({
  name,
  served: true,
  storage: name === "v1",
  schema: { openAPIV3Schema: schema },
  subresources: {
    status: {},
    scale: {
      specReplicasPath: ".spec.size",
      statusReplicasPath: ".status.ready",
      labelSelectorPath: ".status.selector",
    },
  },
  additionalPrinterColumns: [{ name: "Size", type: "integer", jsonPath: ".spec.size" }],
  selectableFields: [{ jsonPath: ".spec.color" }],
  ...more,
});

const definition = (versions: object[] = [version("v1")], more: object = {}): object => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", shortNames: ["wd"] },
    versions,
    ...more,
  },
});

const widget = (name: string, more: object = {}): object => ({
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { name },
  spec: { size: 3 },
  ...more,
});

async function until<T>(probe: () => Promise<T | undefined>): Promise<T> {
  for (let turn = 0; turn < 300; turn++) {
    const found = await probe();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("waited in vain");
}

const conditionOf = (body: Json, type: string): Json | undefined =>
  ((body["status"]?.["conditions"] ?? []) as Json[]).find((each) => String(each["type"]) === type);

async function established(server: TestServer, made: object = definition()): Promise<void> {
  const created = await ask(server, `POST ${definitions}`, { body: made });
  assert.equal(created.code, 201, created.text);
  await served(server);
}

const served = (server: TestServer): Promise<Json> =>
  until(async () => {
    const { body } = await ask(server, `GET ${definitions}/widgets.example.com`);
    const found = await ask(server, "GET /apis/example.com/v1");
    return String(conditionOf(body, "Established")?.["status"]) === "True" && found.code === 200 ? body : undefined;
  });

const onServer = (name: string, run: (server: TestServer) => Promise<void>): void =>
  void it(name, async () => {
    const server = await testServer();
    try {
      await run(server);
    } finally {
      await server.close();
    }
  });

describe("custom kinds", () => {
  onServer("are in discovery and in the published documents as soon as they are established", async (server) => {
    assert.equal((await ask(server, "GET /apis/example.com/v1")).code, 404);
    await established(server);
    const list = await ask(server, "GET /apis/example.com/v1");
    assert.deepEqual((list.body["resources"] as unknown as Json[]).map((each) => String(each["name"])).toSorted(), [
      "widgets",
      "widgets/scale",
      "widgets/status",
    ]);
    const groups = await ask(server, "GET /apis", {
      headers: { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" },
    });
    assert.match(groups.text, /"responseKind":\{"group":"example.com","version":"v1","kind":"Widget"\}/);
    const document = await until(async () => {
      const found = await ask(server, "GET /openapi/v3/apis/example.com/v1");
      return found.code === 200 ? found : undefined;
    });
    assert.match(document.text, /com\.example\.v1\.Widget/);
  });

  onServer("are validated, defaulted and pruned by their schema", async (server) => {
    await established(server);
    const made = await ask(server, `POST ${widgets}`, { body: widget("a", { spec: { size: 3, unknown: 1 } }) });
    assert.deepEqual(made.body["spec"], { color: "red", size: 3 });
    assert.equal(made.body["metadata"]?.["generation"], 1);
    const strict = await ask(server, `POST ${widgets}?fieldValidation=Strict`, {
      body: widget("b", { spec: { size: 3, unknown: 1 } }),
    });
    assert.equal(strict.code, 400);
    assert.match(strict.text, /unknown field \\"spec\.unknown\\"/);
    for (const [spec, expected] of [
      [{}, /spec\.size: Required value/],
      [{ size: 0 }, /spec\.size: Invalid value: 0: spec\.size in body should be greater than or equal to 1/],
      [{ size: "3" }, /spec\.size in body must be of type integer: \\"string\\"/],
      [{ size: 100 }, /spec: Invalid value: \{?.*too large/],
      [{ size: 1, parts: [{ name: "a" }, { name: "a" }] }, /spec\.parts\[1\]: Duplicate value/],
    ] as const) {
      const refused = await ask(server, `POST ${widgets}`, { body: widget("c", { spec }) });
      assert.equal(refused.code, 422, refused.text);
      assert.match(refused.text, expected);
    }
  });

  onServer("have columns, selectable fields, status and scale", async (server) => {
    await established(server);
    await ask(server, `POST ${widgets}`, { body: widget("a") });
    await ask(server, `POST ${widgets}`, { body: widget("b", { spec: { size: 4, color: "blue" } }) });
    const table = await ask(server, `GET ${widgets}`, { headers: tableOf });
    const columns = table.body["columnDefinitions"] as unknown as Json[];
    assert.deepEqual(
      columns.map((each) => String(each["name"])),
      ["Name", "Size"],
    );
    assert.deepEqual(
      (table.body["rows"] as unknown as Json[]).map((each) => each["cells"]),
      [
        ["a", 3],
        ["b", 4],
      ],
    );
    const blue = await ask(server, `GET ${widgets}?fieldSelector=spec.color%3Dblue`);
    assert.equal((blue.body["items"] as unknown as Json[]).length, 1);
    assert.equal((await ask(server, `GET ${widgets}?fieldSelector=spec.size%3D4`)).code, 400);

    const status = await ask(server, `PATCH ${widgets}/a/status`, {
      body: { spec: { size: 9 }, status: { ready: 2, selector: "a=b" } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    assert.equal(status.body["spec"]?.["size"], 3);
    assert.equal(status.body["metadata"]?.["generation"], 1);
    const scale = await ask(server, `GET ${widgets}/a/scale`);
    assert.deepEqual([scale.body["spec"], scale.body["status"]], [{ replicas: 3 }, { replicas: 2, selector: "a=b" }]);
    const scaled = await ask(server, `PATCH ${widgets}/a/scale`, {
      body: { spec: { replicas: 7 } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    assert.equal(scaled.code, 200, scaled.text);
    assert.equal((await ask(server, `GET ${widgets}/a`)).body["spec"]?.["size"], 7);
  });

  onServer("have scales that can be shown as tables, and applied when nothing changes", async (server) => {
    await established(server);
    await ask(server, `POST ${widgets}`, { body: widget("a") });
    const table = await ask(server, `GET ${widgets}/a/scale`, { headers: tableOf });
    const [row] = table.body["rows"] as unknown as Json[];
    assert.deepEqual((row!["cells"] as unknown as unknown[]).slice(0, 3), ["a", 3, 0]);
    const scaled = (replicas: unknown, metadata: object = {}): object => ({
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "a", ...metadata },
      spec: { replicas },
    });
    const apply = (replicas: number, query = ""): ReturnType<typeof ask> =>
      ask(server, `PATCH ${widgets}/a/scale?fieldManager=z${query}`, {
        body: scaled(replicas),
        headers: { "content-type": "application/apply-patch+yaml" },
      });
    assert.equal((await apply(4)).code, 409);
    const forced = await apply(4, "&force=true");
    assert.equal(forced.code, 500);
    assert.match(forced.text, /failed to convert new object \(\/a; autoscaling\/v1, Kind=Scale\) to proper version/);
    assert.equal((await apply(3)).code, 200);
    for (const [body, code, text] of [
      [scaled("x"), 400, /no kind is registered for the type v1\.Scale/],
      [scaled(4, { namespace: "other" }), 400, /namespace of the provided object does not match/],
      [scaled(4, { uid: "x" }), 409, /UID in precondition: x/],
    ] as const) {
      const put = await ask(server, `PUT ${widgets}/a/scale`, { body });
      assert.equal(put.code, code, put.text);
      assert.match(put.text, text);
    }
  });

  onServer("take merge patches and applies, not strategic ones", async (server) => {
    await established(server);
    const patch = (type: string, body: unknown, query = ""): ReturnType<typeof ask> =>
      ask(server, `PATCH ${widgets}/a${query}`, { body, headers: { "content-type": type } });
    const applied = await patch(
      "application/apply-patch+yaml",
      widget("a", { spec: { size: 1, parts: [{ name: "x" }] } }),
      "?fieldManager=one",
    );
    assert.equal(applied.code, 201, applied.text);
    const other = await patch(
      "application/apply-patch+yaml",
      { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "a" }, spec: { parts: [{ name: "y" }] } },
      "?fieldManager=two",
    );
    assert.deepEqual(other.body["spec"]?.["parts"], [{ name: "x" }, { name: "y" }]);
    assert.equal((await patch("application/merge-patch+json", { spec: { size: 5 } })).body["spec"]?.["size"], 5);
    assert.equal((await patch("application/strategic-merge-patch+json", { spec: { size: 5 } })).code, 415);
    assert.equal((await patch("application/merge-patch+json", { spec: { size: 500 } })).code, 422);
  });

  onServer("are shown in every served version, from the stored one", async (server) => {
    await established(server, definition([version("v1"), version("v2"), version("v3", { served: false })]));
    await ask(server, "POST /apis/example.com/v2/namespaces/default/widgets", {
      body: { ...widget("a"), apiVersion: "example.com/v2" },
    });
    assert.equal((await ask(server, `GET ${widgets}/a`)).body["apiVersion"], "example.com/v1");
    const second = await ask(server, "GET /apis/example.com/v2/namespaces/default/widgets");
    assert.equal(second.body["items"]?.[0]?.["apiVersion"], "example.com/v2");
    assert.equal((await ask(server, "GET /apis/example.com/v3/namespaces/default/widgets")).code, 404);
    const group = await ask(server, "GET /apis/example.com");
    assert.equal(group.body["preferredVersion"]?.["version"], "v2");
  });

  onServer("follow their definition when it changes", async (server) => {
    await established(server);
    await ask(server, `POST ${widgets}`, { body: widget("a") });
    const patched = await ask(server, `PATCH ${definitions}/widgets.example.com`, {
      body: [
        {
          op: "add",
          path: "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/weight",
          value: { type: "integer", default: 7 },
        },
      ],
      headers: { "content-type": "application/json-patch+json" },
    });
    assert.equal(patched.code, 200, patched.text);
    const shown = await until(async () => {
      const { body } = await ask(server, `GET ${widgets}/a`);
      return body["spec"]?.["weight"] === undefined ? undefined : body;
    });
    assert.deepEqual(shown["spec"], { color: "red", size: 3, weight: 7 });
  });

  onServer("are read as they are stored when a new default would be very long in them", async (server) => {
    const line = (more: object = {}): object => ({ type: "object", properties: { x: { ...text, ...more } } });
    const withLines = (items: object): object => {
      const { spec, status } = schema.properties;
      const lines = { type: "array", items };
      return { type: "object", properties: { spec: { ...spec, properties: { ...spec.properties, lines } }, status } };
    };
    await established(server, definition([version("v1", { schema: { openAPIV3Schema: withLines(line()) } })]));
    const lines = (count: number): object => ({ spec: { size: 3, lines: Array.from({ length: count }, () => ({})) } });
    assert.equal((await ask(server, `POST ${widgets}`, { body: widget("few", lines(1)) })).code, 201);
    assert.equal((await ask(server, `POST ${widgets}`, { body: widget("many", lines(1000)) })).code, 201);
    const patched = await ask(server, `PATCH ${definitions}/widgets.example.com`, {
      body: [
        {
          op: "replace",
          path: "/spec/versions/0/schema/openAPIV3Schema",
          value: withLines(line({ default: "x".repeat(10_000) })),
        },
      ],
      headers: { "content-type": "application/json-patch+json" },
    });
    assert.equal(patched.code, 200, patched.text);
    await until(async () => {
      const { body } = await ask(server, `GET ${widgets}/few`);
      return Object.keys(body["spec"]?.["lines"]?.[0] ?? {}).length === 1 ? true : undefined;
    });
    const many = await ask(server, `GET ${widgets}/many`);
    assert.deepEqual(many.body["spec"], { color: "red", ...(lines(1000) as { spec: object }).spec });
    assert.equal((await ask(server, `GET ${widgets}`)).body["items"]?.["length"], 2);
    const merge = { "content-type": "application/merge-patch+json" };
    const kept = await ask(server, `PATCH ${widgets}/many`, { body: { spec: { size: 4 } }, headers: merge });
    assert.equal(kept.code, 413, kept.text);
    const cut = await ask(server, `PATCH ${widgets}/many`, { body: lines(2), headers: merge });
    assert.equal(cut.code, 200, cut.text.slice(0, 300));
    assert.equal((await ask(server, `DELETE ${widgets}/many`)).code, 200);
  });

  onServer("send their events to watchers", async (server) => {
    await established(server);
    const watch = await ask(server, `GET ${widgets}?watch=true&resourceVersion=0&timeoutSeconds=5`);
    const frames = watch.response.watch![Symbol.asyncIterator]();
    await ask(server, `POST ${widgets}`, { body: widget("a") });
    await ask(server, `DELETE ${widgets}/a`);
    const events = await nextEvents(frames, 2);
    assert.deepEqual(
      events.map(({ type }) => type),
      ["ADDED", "DELETED"],
    );
    await frames.return?.();
  });

  onServer("go with their definition, once nothing holds them", async (server) => {
    await established(server);
    await ask(server, `POST ${widgets}`, { body: widget("a") });
    await ask(server, `POST ${widgets}`, {
      body: widget("held", { metadata: { name: "held", finalizers: ["example.com/x"] } }),
    });
    const deleted = await ask(server, `DELETE ${definitions}/widgets.example.com`);
    assert.equal(deleted.code, 200);
    await until(async () => ((await ask(server, `GET ${widgets}/a`)).code === 404 ? true : undefined));
    const terminating = await ask(server, `GET ${definitions}/widgets.example.com`);
    assert.equal(String(conditionOf(terminating.body, "Terminating")?.["status"]), "True");
    assert.equal((await ask(server, `POST ${widgets}`, { body: widget("late") })).code, 403);
    await ask(server, `PATCH ${widgets}/held`, {
      body: { metadata: { finalizers: null } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    await until(async () =>
      (await ask(server, `GET ${definitions}/widgets.example.com`)).code === 404 ? true : undefined,
    );
    await until(async () => ((await ask(server, "GET /apis/example.com/v1")).code === 404 ? true : undefined));
  });

  onServer("do not take the names of others", async (server) => {
    await established(server);
    const other = definition() as { metadata: object; spec: { names: object } };
    other.metadata = { name: "others.example.com" };
    other.spec.names = { plural: "others", singular: "other", kind: "Widget" };
    await ask(server, `POST ${definitions}`, { body: other });
    const refused = await until(async () => {
      const { body } = await ask(server, `GET ${definitions}/others.example.com`);
      return conditionOf(body, "NamesAccepted");
    });
    assert.equal(String(refused["status"]), "False");
    assert.equal(String(refused["reason"]), "ListKindConflict");
  });

  it("are there again after a restart, with their objects", async () => {
    const store = createMemoryStore({ clock: systemClock });
    const first = await testServer({ store });
    await established(first);
    await ask(first, `POST ${widgets}`, { body: widget("a") });
    await first.close();
    const second = await testServer({ store });
    await served(second);
    assert.deepEqual((await ask(second, `GET ${widgets}/a`)).body["spec"], { color: "red", size: 3 });
    await second.close();
    await store.close();
  });
});

describe("conversion by webhook", () => {
  interface Review {
    readonly request: {
      readonly uid: string;
      readonly desiredAPIVersion: string;
      readonly objects: readonly { readonly spec: object }[];
    };
  }
  type Answer = (review: Review) => object;
  const convertAll: Answer = ({ request }) => ({
    uid: request.uid,
    result: { status: "Success" },
    convertedObjects: request.objects.map((object) => ({
      ...object,
      apiVersion: request.desiredAPIVersion,
      spec: { ...object.spec, color: `by-${request.desiredAPIVersion.split("/")[1]}` },
    })),
  });
  const conversion = {
    strategy: "Webhook",
    webhook: { clientConfig: { url: "https://hook.example.com/convert" }, conversionReviewVersions: ["v1"] },
  };
  const second = "/apis/example.com/v2/namespaces/default/widgets";

  const withWebhook = async (
    answer: Answer,
    run: (server: TestServer, calls: string[]) => Promise<void>,
  ): Promise<void> => {
    const calls: string[] = [];
    const webhooks: WebhookConnections = {
      async post({ url, body }) {
        calls.push(url);
        const review = JSON.parse(new TextDecoder().decode(body)) as Review;
        const response = { apiVersion: "apiextensions.k8s.io/v1", kind: "ConversionReview", response: answer(review) };
        return { status: 200, headers: {}, body: new TextEncoder().encode(JSON.stringify(response)) };
      },
      close() {},
    };
    const server = await testServer({ webhooks });
    try {
      const selectable = { ...version("v2"), selectableFields: [{ jsonPath: ".spec.color" }] };
      await established(server, definition([version("v1"), selectable], { conversion }));
      await run(server, calls);
    } finally {
      await server.close();
    }
  };

  it("is asked for what is not in the version that is wanted", () =>
    withWebhook(convertAll, async (server, calls) => {
      await ask(server, `POST ${widgets}`, { body: widget("a") });
      await ask(server, `GET ${widgets}/a`);
      assert.deepEqual(calls, []);
      const read = await ask(server, `GET ${second}/a`);
      assert.equal(read.code, 200, read.text);
      assert.equal(read.body["spec"]?.["color"], "by-v2");
      assert.equal((await ask(server, `GET ${second}`)).body["items"]?.[0]?.["spec"]?.["color"], "by-v2");
      assert.equal(calls[0], "https://hook.example.com/convert?timeout=30s");
      const made = await ask(server, `POST ${second}`, { body: { ...widget("b"), apiVersion: "example.com/v2" } });
      assert.equal(made.code, 201, made.text);
      assert.equal((await ask(server, `GET ${widgets}/b`)).body["spec"]?.["color"], "by-v1");
      const patched = await ask(server, `PATCH ${second}/b`, {
        body: { spec: { size: 8 } },
        headers: { "content-type": "application/merge-patch+json" },
      });
      assert.equal(patched.code, 200, patched.text);
      assert.equal((await ask(server, `GET ${widgets}/b`)).body["spec"]?.["size"], 8);
      const watch = await ask(server, `GET ${second}?watch=true&resourceVersion=0&timeoutSeconds=5`);
      const frames = watch.response.watch![Symbol.asyncIterator]();
      const events = await nextEvents(frames, 2);
      assert.deepEqual(
        events.map(({ object }) => object["spec"]?.["color"]),
        ["by-v2", "by-v2"],
      );
      await frames.return?.();
    }));

  it("comes before fields are selected: lists, watches and deletions see the version that was asked for", () =>
    withWebhook(convertAll, async (server) => {
      await ask(server, `POST ${widgets}`, { body: widget("a") });
      const count = async (selector: string): Promise<unknown> =>
        (await ask(server, `GET ${second}?fieldSelector=${encodeURIComponent(selector)}`)).body["items"]?.["length"];
      assert.deepEqual([await count("spec.color=by-v2"), await count("spec.color!=by-v2")], [1, 0]);
      assert.equal(await count("spec.color=by-v2,metadata.name=b"), 0);
      const query = "watch=true&resourceVersion=0&timeoutSeconds=5&fieldSelector=spec.color%3Dby-v2";
      const watch = await ask(server, `GET ${second}?${query}`);
      const frames = watch.response.watch![Symbol.asyncIterator]();
      await ask(server, `POST ${widgets}`, { body: widget("b") });
      await ask(server, `DELETE ${second}?fieldSelector=spec.color%3Dby-v2`);
      const events = await nextEvents(frames, 4);
      assert.deepEqual(events.map(({ type, object }) => [type, object["metadata"]?.["name"]]).sort(), [
        ["ADDED", "a"],
        ["ADDED", "b"],
        ["DELETED", "a"],
        ["DELETED", "b"],
      ]);
      await frames.return?.();
    }));

  for (const [what, answer, expected] of [
    ["a failure", () => ({ uid: "", result: { status: "Failed", message: "no" } }), /expected response\.uid=/],
    [
      "no objects",
      ({ request }: Review) => ({ uid: request.uid, result: { status: "Success" } }),
      /returned 0 objects, expected 1/,
    ],
    [
      "another name",
      (review: Review) => {
        const answered = convertAll(review) as { convertedObjects: { metadata: object }[] };
        answered.convertedObjects[0]!.metadata = { name: "other", namespace: "default" };
        return answered;
      },
      /must have the same name: a != other/,
    ],
    [
      "refusal",
      ({ request }: Review) => ({ uid: request.uid, result: { status: "Failed", message: "cannot" } }),
      /conversion webhook for example\.com\/v1, Kind=Widget failed: cannot/,
    ],
  ] as const)
    it(`that answers with ${what} makes the request fail`, () =>
      withWebhook(answer, async (server) => {
        await ask(server, `POST ${widgets}`, { body: widget("a") });
        const failed = await ask(server, `GET ${second}/a`);
        assert.equal(failed.code, 500);
        assert.match(failed.text, expected);
      }));
});
