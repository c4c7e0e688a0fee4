// What watchers cost that nothing happens for: a thousand streams of a few HTTP/2 connections, as controllers open them, and a thousand
// clients with a TLS connection each. Resident memory of the server's processes, less what they had before.
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import type { Part, Row, Setup } from "../lib/part.ts";
import { type ApiPeer, figures, onEachSide, token } from "../lib/peers.ts";

const measures = [
  { key: "streams", what: "an idle watcher, 100 on a connection", unit: "KB resident", better: "less" },
  { key: "connections", what: "an idle watcher, a connection each", unit: "KB resident", better: "less" },
  { key: "cost", what: "opening a watch on its own connection", unit: "CPU µs", better: "less" },
] as const;

/** Upstream's servers take so many requests on one connection at a time; Node's client would wait for ever with the next one. */
const perConnection = 100;
/** Bursts larger than this would measure how a queue grows. */
const atOnce = 50;
const settleMs = 3_000;

const session = async (url: string): Promise<ClientHttp2Session> => {
  const opened = connect(url, { rejectUnauthorized: false });
  await once(opened, "connect");
  return opened;
};

async function watch(opened: ClientHttp2Session): Promise<void> {
  const path = "/api/v1/namespaces/kube-system/configmaps?watch=true&resourceVersion=0&timeoutSeconds=600";
  const stream = opened.request({ ":path": path, authorization: `Bearer ${token}` });
  // The end of the connection is the end of the watch.
  stream.on("error", () => {});
  const [headers] = await once(stream, "response");
  if (headers[":status"] !== 200) throw new Error(`a watch was answered ${headers[":status"]}`);
  stream.resume();
}

async function opened(count: number, open: () => Promise<void>): Promise<void> {
  for (let done = 0; done < count; done += atOnce)
    await Promise.all(Array.from({ length: Math.min(atOnce, count - done) }, open));
  await delay(settleMs);
}

async function measure(peer: ApiPeer, setup: Setup): Promise<ReadonlyMap<string, number>> {
  const count = Math.max(atOnce, Math.round(1_000 * setup.scale));
  const sessions: ClientHttp2Session[] = [];
  const join = async (): Promise<ClientHttp2Session> => {
    const joined = await session(peer.url);
    sessions.push(joined);
    return joined;
  };
  try {
    // Both sides have room for what a server does once.
    const first = await join();
    await opened(atOnce, () => watch(first));
    const empty = peer.rssBytes();
    const shared = await Promise.all(Array.from({ length: Math.ceil(count / perConnection) }, join));
    let next = 0;
    await opened(count, () => watch(shared[next++ % shared.length]!));
    const streams = peer.rssBytes();
    const before = peer.cpuUs();
    await opened(count, async () => watch(await join()));
    return new Map([
      ["streams", (streams - empty) / count / 1024],
      ["connections", (peer.rssBytes() - streams) / count / 1024],
      ["cost", (peer.cpuUs() - before) / count],
    ]);
  } finally {
    for (const each of sessions) each.destroy();
  }
}

export const part: Part = {
  about: "a thousand watchers for which nothing happens",
  limitSeconds: 180,
  async *run(setup) {
    for await (const each of onEachSide(setup, (peer) => measure(peer, setup)))
      yield* measures.map(({ key, ...row }): Row => ({ ...row, ...figures(each, key) }));
  },
};
