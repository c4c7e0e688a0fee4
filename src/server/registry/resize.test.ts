import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestServer, testServer } from "../testing.ts";

let server: TestServer;
const path = "/api/v1/namespaces/default/pods";
const merge = { "content-type": "application/strategic-merge-patch+json" };

async function send(
  method: "POST" | "PATCH",
  at: string,
  body: object,
): Promise<{ status: number; body: Record<string, never> }> {
  const answer = await server.transport().request({ method, path: at, headers: method === "PATCH" ? merge : {}, body });
  return { status: answer.status, body: answer.object as Record<string, never> };
}

before(async () => {
  server = await testServer({ admission: { disable: ["ServiceAccount"] } });
  const resources = { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "1" } };
  const containers = [
    { name: "c", image: "i:1", resources },
    { name: "d", image: "i:2" },
  ];
  assert.equal((await send("POST", path, { metadata: { name: "p" }, spec: { containers } })).status, 201);
});
after(() => server.close());

const resized = (container: object): object => ({ spec: { containers: [{ name: "c", ...container }] } });

test("resize changes CPU and memory and nothing else", async () => {
  const { status, body } = await send("PATCH", `${path}/p/resize`, {
    metadata: { labels: { a: "b" } },
    ...resized({ image: "other", resources: { requests: { cpu: "200m" } } }),
  });
  assert.equal(status, 200);
  const { spec, metadata } = body as unknown as {
    spec: { containers: { image: string; resources: object }[] };
    metadata: { labels?: object; generation: number };
  };
  assert.equal(spec.containers[0]!.image, "i:1");
  assert.deepEqual(spec.containers[0]!.resources, { requests: { cpu: "200m", memory: "64Mi" }, limits: { cpu: "1" } });
  assert.equal(metadata.labels, undefined);
  assert.equal(metadata.generation, 2);
});

/** As kube-apiserver 1.36.3 says it. */
const refused: readonly (readonly [string, object, string])[] = [
  [
    "a request is taken away",
    resized({ resources: { requests: { memory: null } } }),
    'Pod "p" is invalid: spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
  ],
  [
    "a container is added",
    { spec: { containers: [{ name: "x", image: "x" }] } },
    'Pod "p" is invalid: spec.containers: Forbidden: containers may not be added or removed on resize',
  ],
];
for (const [what, patch, message] of refused)
  test(`resize is refused when ${what}`, async () => {
    const { status, body } = await send("PATCH", `${path}/p/resize`, patch);
    assert.equal(status, 422);
    assert.ok(String(body["message"]).startsWith(message), String(body["message"]));
  });

test("ephemeral containers are added and stay as they are", async () => {
  const at = `${path}/p/ephemeralcontainers`;
  const one = (image: string): object => ({ spec: { ephemeralContainers: [{ name: "e", image }] } });
  assert.equal((await send("PATCH", at, one("e"))).status, 200);
  const { status, body } = await send("PATCH", at, one("f"));
  assert.equal(status, 422);
  assert.match(
    String(body["message"]),
    /existing ephemeral containers "e" may not be changed\n@@ .*\n(.*\n)*- +"Image": "e"/,
  );
});
