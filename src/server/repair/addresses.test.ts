import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { ask } from "../request.fixture.ts";
import { testServer } from "../testing.ts";

const addresses = "/apis/networking.k8s.io/v1/ipaddresses";

test("an object that is missing comes back, one that nobody wants goes; both are told", async () => {
  const clock = new VirtualClock();
  const told: string[] = [];
  const events = (component: string) => ({
    event: (about: { kind: string; metadata: { name: string } }, event: { reason: string }) =>
      void told.push(`${component} ${about.kind} ${about.metadata.name} ${event.reason}`),
  });
  const server = await testServer({ clock, events });
  try {
    const body = { metadata: { name: "a" }, spec: { clusterIP: "10.96.1.7", ports: [{ port: 80 }] } };
    await ask(server, "POST /api/v1/namespaces/default/services", { body });
    await clock.advance(10_000);
    assert.deepEqual(told, []);
    await ask(server, `DELETE ${addresses}/10.96.1.7`);
    const leaked = {
      apiVersion: "networking.k8s.io/v1",
      kind: "IPAddress",
      metadata: { name: "10.96.9.9", labels: { "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io" } },
      spec: { parentRef: { resource: "services", namespace: "default", name: "gone" } },
    };
    assert.equal((await ask(server, `POST ${addresses}`, { body: leaked })).code, 201);
    await clock.advance(200_000);
    assert.deepEqual(told.sort(), [
      "ipallocator-repair-controller IPAddress 10.96.9.9 IPAddressNotAllocated",
      "ipallocator-repair-controller Service a ClusterIPNotAllocated",
    ]);
    assert.equal((await ask(server, `GET ${addresses}/10.96.1.7`)).code, 200);
    assert.equal((await ask(server, `GET ${addresses}/10.96.9.9`)).code, 404);
  } finally {
    await server.close();
  }
});
