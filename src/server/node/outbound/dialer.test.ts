// Answers of containers, as their own libraries write them.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { nodeConnections } from "./dialer.ts";

const answers: Readonly<Record<string, string>> = {
  "CR and LF": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-From: pod\r\n\r\nhi",
  "bare LF": "HTTP/1.1 200 OK\nContent-Length: 2\nX-From: pod\n\nhi",
  "bare LF, ends with the connection": "HTTP/1.0 200 OK\nX-From: pod\n\nhi",
};

for (const [name, answer] of Object.entries(answers))
  test(`a pod's answer is read: ${name}`, async () => {
    const server = createServer((socket) => socket.once("data", () => socket.end(answer)));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const connections = nodeConnections({});
    try {
      const { port } = server.address() as AddressInfo;
      const { status, headers, stream } = await connections.request(
        { host: "127.0.0.1", port, tls: false },
        { method: "GET", path: "/", headers: {} },
      );
      let text = "";
      for await (const chunk of stream ?? []) text += new TextDecoder().decode(chunk as Uint8Array);
      assert.deepEqual([status, headers?.["x-from"], text], [200, "pod", "hi"]);
    } finally {
      connections.close();
      server.close();
    }
  });

test("a body ends where it ends, whatever the method: what follows on the connection is read", async () => {
  const seen: [string | undefined, string][] = [];
  const connections = new Set<unknown>();
  const server = createHttpServer(async (request, response) => {
    connections.add(request.socket);
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push([request.method, body]);
    response.end("ok");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const dialer = nodeConnections({});
  const target = { host: "127.0.0.1", port: (server.address() as AddressInfo).port, tls: false };
  try {
    for (const method of ["DELETE", "POST", "GET", "DELETE"] as const) {
      const body = method === "GET" ? {} : { body: new TextEncoder().encode(`{"of":"${method}"}`) };
      const answer = await dialer.request(target, { method, path: "/", headers: {}, ...body });
      for await (const _ of answer.stream ?? []);
      assert.equal(answer.status, 200);
    }
    assert.deepEqual(seen, [
      ["DELETE", '{"of":"DELETE"}'],
      ["POST", '{"of":"POST"}'],
      ["GET", ""],
      ["DELETE", '{"of":"DELETE"}'],
    ]);
    assert.equal(connections.size, 1);
  } finally {
    dialer.close();
    server.close();
  }
});
