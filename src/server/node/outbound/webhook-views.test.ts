// What webhooks are shown and what becomes of their changes where the object is no ordinary one. Expectations are what
// kube-apiserver 1.36.3 sent to the same webhook and answered.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";
import { seededRng } from "../../../base/index.ts";
import type { Transport } from "../../../machinery/index.ts";
import type { ConnectTarget } from "../../streaming/connect.ts";
import { type TestServer, testServer } from "../../testing.ts";
import { testAuthority } from "../certificates.fixture.ts";
import { webhookConnections } from "./webhooks.ts";

type Json = Record<string, unknown>;
interface Seen {
  readonly mutating: boolean;
  readonly object: Json | null;
  readonly oldObject: { readonly metadata: Json } | null;
  readonly options: Json | null;
}

const authority = testAuthority(seededRng(13));
const serving = authority.issue({ commonName: "webhook", hosts: ["127.0.0.1"], usage: "server" });
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const namespace = "/api/v1/namespaces/default";
const replace = (path: string, value: unknown): Json => ({ op: "replace", path, value });

describe("what webhooks see and change", () => {
  let hooks: Server;
  let server: TestServer;
  let transport: Transport;
  let seen: Seen[] = [];
  let changes: readonly Json[] = [];
  let target: ConnectTarget | undefined;
  const calls = webhookConnections();

  before(async () => {
    hooks = createServer({ cert: serving.cert, key: serving.key }, (request, response) => {
      const chunks: Uint8Array[] = [];
      request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      request.on("end", () => {
        const review = JSON.parse(Buffer.concat(chunks).toString());
        const { uid, object, oldObject, options } = review.request;
        const mutating = (request.url ?? "").startsWith("/mutating");
        seen.push({ mutating, object, oldObject, options });
        const patch =
          mutating && changes.length > 0 ? { patchType: "JSONPatch", patch: base64(JSON.stringify(changes)) } : {};
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify({ ...review, request: undefined, response: { uid, allowed: true, ...patch } }));
      });
    });
    await new Promise<void>((resolve) => hooks.listen(0, "127.0.0.1", resolve));
    server = await testServer({
      webhooks: calls,
      admission: { disable: ["ServiceAccount"] },
      tokenRequests: () => async (input) => {
        const { metadata } = input.body;
        Object.assign(input.body, { metadata: { ...metadata, name: input.name }, spec: { audiences: ["api"] } });
        await input.validate();
        return input.body;
      },
      connect: async (connection) => {
        target = connection;
        return { status: 200, headers: {} };
      },
    });
    transport = server.transport();
    const { port } = hooks.address() as AddressInfo;
    for (const kind of ["Mutating", "Validating"]) await configure(kind, port);
    await send("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: "n" } });
  });
  after(async () => {
    await server.close();
    calls.close();
    hooks.closeAllConnections();
    await new Promise((resolve) => hooks.close(resolve));
  });
  beforeEach(() => {
    seen = [];
    changes = [];
    target = undefined;
  });

  async function send(method: "POST" | "DELETE" | "GET", path: string, body?: Json) {
    const [bare, query] = path.split("?");
    const answer = await transport.request({
      method,
      path: bare!,
      query: new URLSearchParams(query),
      headers: {},
      objects: true,
      ...(body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) }),
    });
    const { message = "", reason } = (answer.object ?? {}) as { message?: string; reason?: string };
    return { code: answer.status, message, reason };
  }

  async function configure(kind: string, port: number): Promise<void> {
    const resources = ["configmaps", "pods", "pods/*", "serviceaccounts/token"];
    const answer = await send(
      "POST",
      `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}webhookconfigurations`,
      {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: `${kind}WebhookConfiguration`,
        metadata: { name: "views" },
        webhooks: [
          {
            name: "views.example.com",
            admissionReviewVersions: ["v1"],
            sideEffects: "None",
            clientConfig: {
              url: `https://127.0.0.1:${port}/${kind.toLowerCase()}`,
              caBundle: base64(authority.cert),
            },
            rules: [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources }],
          },
        ],
      },
    );
    assert.equal(answer.code, 201, answer.message);
  }

  const pod = (name: string, spec: Json = {}, metadata: Json = {}): Promise<unknown> =>
    send("POST", `${namespace}/pods`, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, ...metadata },
      spec: { terminationGracePeriodSeconds: 17, containers: [{ name: "c", image: "x" }], ...spec },
    });

  const secondVersion = "pkg/runtime/scheme.go:111";
  const kinds: readonly [change: Json, code: number, message: string, reason?: string][] = [
    [replace("/kind", "Secret"), 500, "Internal error occurred: illegal base64 data at input byte 0", "InternalError"],
    [replace("/kind", "PodList"), 500, "converting (v1.PodList) to (core.ConfigMap): unknown conversion"],
    [
      replace("/kind", "Nope"),
      500,
      `Internal error occurred: no kind "Nope" is registered for version "v1" in scheme "${secondVersion}"`,
      "InternalError",
    ],
    [
      replace("/apiVersion", "apps/v1"),
      500,
      `Internal error occurred: no kind "ConfigMap" is registered for version "apps/v1" in scheme "${secondVersion}"`,
      "InternalError",
    ],
    [
      replace("/apiVersion", "a/b/c"),
      500,
      "Internal error occurred: unexpected GroupVersion string: a/b/c",
      "InternalError",
    ],
    [
      replace("/kind", 5),
      500,
      "Internal error occurred: couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string",
      "InternalError",
    ],
    [{ op: "remove", path: "/kind" }, 201, ""],
    [{ op: "remove", path: "/apiVersion" }, 201, ""],
  ];
  for (const [index, [change, code, message, reason]] of kinds.entries())
    it(`a change of what the object is: ${JSON.stringify(change)}`, async () => {
      changes = [change];
      const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: `kind-${index}` }, data: { a: "b" } };
      assert.deepEqual(await send("POST", `${namespace}/configmaps`, body), { code, message, reason });
    });

  it("a token request is complete when it is validated", async () => {
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "bot" } };
    await send("POST", `${namespace}/serviceaccounts`, account);
    seen = [];
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest" };
    assert.equal((await send("POST", `${namespace}/serviceaccounts/bot/token`, body)).code, 201);
    const shown = seen.map(({ mutating, object }) => {
      const { metadata, spec } = object as { metadata: Json; spec: Json };
      return [mutating, metadata["namespace"], metadata["name"], spec["audiences"]];
    });
    assert.deepEqual(shown, [
      [true, "default", undefined, null],
      [false, "default", "bot", ["api"]],
    ]);
  });

  /** Of every review of a mutating webhook: the grace that it is asked about, the grace that runs already. */
  const graces = (): unknown[] =>
    seen
      .filter(({ mutating }) => mutating)
      .map(({ options, oldObject }) => [
        options?.["gracePeriodSeconds"],
        oldObject?.metadata["deletionGracePeriodSeconds"],
      ]);
  const deletions: readonly [name: string, spec: Json, steps: readonly [query: string, graces: unknown[]][]][] = [
    [
      "unscheduled",
      {},
      [
        [
          "",
          [
            [0, undefined],
            [0, 0],
          ],
        ],
      ],
    ],
    ["dry", {}, [["?dryRun=All", [[0, undefined]]]]],
    [
      "scheduled",
      { nodeName: "n" },
      [
        ["", [[17, undefined]]],
        ["", []],
        ["?gracePeriodSeconds=30", []],
        ["?gracePeriodSeconds=5", [[5, 17]]],
        [
          "?gracePeriodSeconds=0",
          [
            [0, 5],
            [0, 0],
          ],
        ],
      ],
    ],
    ["negative", { nodeName: "n" }, [["?gracePeriodSeconds=-1", [[1, undefined]]]]],
  ];
  for (const [name, spec, steps] of deletions)
    it(`a pod's deletion is asked about with its grace: ${name}`, async () => {
      await pod(name, spec);
      for (const [query, expected] of steps) {
        seen = [];
        await send("DELETE", `${namespace}/pods/${name}${query}`);
        assert.deepEqual(graces(), expected, query);
      }
    });

  it("an object that only loses the finalizers of garbage collection is asked about twice", async () => {
    const metadata = { name: "orphans", finalizers: ["orphan"] };
    await send("POST", `${namespace}/configmaps`, { apiVersion: "v1", kind: "ConfigMap", metadata });
    seen = [];
    await send("DELETE", `${namespace}/configmaps/orphans?propagationPolicy=Background`);
    assert.equal(graces().length, 2);
  });

  const connections: readonly [path: string, changes: readonly Json[], query: string, changedPath?: string][] = [
    ["exec?command=a&command=b&stdout=1", [], "command=a&command=b&stdout=1"],
    [
      "exec?command=a&stdout=1",
      [{ op: "add", path: "/container", value: "other" }, replace("/command", ["x", "y z"])],
      "stdout=true&command=x&command=y+z&container=other",
    ],
    ["attach?stdout=1", [{ op: "add", path: "/unknown", value: 1 }], "stdout=1"],
    ["portforward?ports=80", [replace("/ports", [81, 82])], "ports=81&ports=82"],
    ["proxy/a/b?q=1", [replace("/path", "/c")], "q=1", "/c"],
  ];
  for (const [path, wanted, query, changedPath] of connections)
    it(`a connection is what the webhook makes of it: ${path} ${JSON.stringify(wanted)}`, async () => {
      await pod("connected", { nodeName: "n" });
      changes = wanted;
      assert.equal((await send("GET", `${namespace}/pods/connected/${path}`)).code, 200);
      assert.equal(target?.query.toString(), query);
      assert.equal(target?.changedPath, changedPath);
    });

  it("options of a wrong type, or of another kind, end the connection", async () => {
    await pod("connected", { nodeName: "n" });
    const exec = async (change: Json) => {
      changes = [change];
      return (await send("GET", `${namespace}/pods/connected/exec?command=a`)).message;
    };
    assert.deepEqual(
      [
        await exec({ op: "add", path: "/container", value: 5 }),
        await exec({ op: "add", path: "/stdin", value: "x" }),
        await exec(replace("/command", "x")),
        await exec(replace("/kind", "PodAttachOptions")),
      ],
      [
        "Internal error occurred: json: cannot unmarshal number into Go struct field PodExecOptions.container of type string",
        "Internal error occurred: json: cannot unmarshal string into Go struct field PodExecOptions.stdin of type bool",
        "Internal error occurred: json: cannot unmarshal string into Go struct field PodExecOptions.command of type []string",
        "converting (v1.PodAttachOptions) to (core.PodExecOptions): unknown conversion",
      ],
    );
  });
});
