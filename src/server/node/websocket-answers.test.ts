import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import WebSocket from "ws";
import { silentLogger } from "../../base/index.ts";
import type { ApiResponse } from "../../machinery/index.ts";
import { asksForWebSocket, overWebSocket } from "./websocket-answers.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
async function* pieces<T>(...parts: T[]): AsyncGenerator<T> {
  yield* parts;
}

/** What a caller with these protocols gets of an answer; the protocol first. */
async function talk(path: string, answer: ApiResponse, protocols: string[]): Promise<string[]> {
  const server = createServer();
  server.on("upgrade", (message: IncomingMessage, socket, head) => {
    const request = { method: "GET", path, headers: message.headers as Record<string, string> } as const;
    assert.equal(asksForWebSocket(request), true);
    const taken = overWebSocket(request, answer, silentLogger);
    if ("takeOver" in taken) taken.takeOver(socket, head);
    else socket.end(`HTTP/1.1 ${taken.status} Refused\r\ncontent-length: 0\r\n\r\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const caller = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, protocols);
  const messages: string[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      caller.on("message", (data: Buffer) => messages.push(data.toString()));
      caller.on("close", () => resolve());
      caller.on("error", reject);
    });
    return [caller.protocol, ...messages];
  } finally {
    server.close();
  }
}

const log = (): ApiResponse => ({ status: 200, headers: {}, stream: pieces(bytes("one\n"), bytes("two\n")) });

test("a log comes in messages, an empty one first", async () => {
  const path = "/api/v1/namespaces/a/pods/b/log";
  assert.deepEqual(await talk(path, log(), ["binary.k8s.io"]), ["binary.k8s.io", "", "one\n", "two\n"]);
  assert.deepEqual(await talk(path, log(), []), ["", "", "one\n", "two\n"]);
  const base64 = "base64.binary.k8s.io";
  assert.deepEqual(await talk(path, log(), ["other", base64]), [base64, "", btoa("one\n"), btoa("two\n")]);
  assert.deepEqual(await talk(path, { status: 200, headers: {}, bytes: [bytes("all")] }, []), ["", "", "all"]);
  await assert.rejects(talk(path, log(), ["other"]), /400/);
  await assert.rejects(talk(path, { status: 404, headers: {} }, []), /404/);
});

test("each event of a watch is a message", async () => {
  const frame = (text: string) => ({ type: "ADDED", bytes: bytes(text) }) as const;
  const watch = pieces([frame('{"a":1}\n'), frame('{"a":2}\n')], [frame('{"a":3}\n')]);
  assert.deepEqual(await talk("/api/v1/pods", { status: 200, headers: {}, watch }, ["any"]), [
    "any",
    ...['{"a":1}\n', '{"a":2}\n', '{"a":3}\n'],
  ]);
});
