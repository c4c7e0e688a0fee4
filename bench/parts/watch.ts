// Fan-out of one write to many watchers, by the script watch-bench.mjs.
import { join } from "node:path";
import { output } from "../lib/child.ts";
import { type Part, type Row, type Setup, scriptsOf } from "../lib/part.ts";
import { type ApiPeer, figures, onEachSide, token } from "../lib/peers.ts";

const measures = [
  { key: "p50", what: "write to watcher, p50", unit: "ms", better: "less" },
  { key: "p99", what: "write to watcher, p99", unit: "ms", better: "less", budget: 50 },
  { key: "rate", what: "delivered", unit: "events/s", better: "more" },
  { key: "cost", what: "server", unit: "CPU µs an event", better: "less", budget: 10 },
] as const;

async function measure(peer: ApiPeer, setup: Setup): Promise<ReadonlyMap<string, number>> {
  const writes = Math.max(20, Math.round(200 * setup.scale));
  const words = [join(scriptsOf(setup), "watch-bench.mjs"), peer.url, token, "1000", String(writes), ...peer.pidFiles];
  const text = await output(process.execPath, ["--disable-warning=ExperimentalWarning", ...words], {
    limitSeconds: 120,
    env: { NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" },
  });
  const found = /p50 ([\d.]+) ms, p99 ([\d.]+) ms, (\d+) events\/s, server cpu ([\d.]+) us/.exec(text);
  if (found === null) throw new Error(`${peer.side}: the script said:\n${text}`);
  return new Map(measures.map(({ key }, index) => [key, Number(found[index + 1])]));
}

export const part: Part = {
  about: "one write to 1,000 watchers",
  limitSeconds: 250,
  async *run(setup) {
    for await (const each of onEachSide(setup, (peer) => measure(peer, setup)))
      yield* measures.map(({ key, ...row }): Row => ({ ...row, ...figures(each, key) }));
  },
};
