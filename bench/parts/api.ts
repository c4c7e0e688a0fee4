// What a request costs the API server, over TLS and HTTP/2: processor time of all its processes, kernel included, and requests a second,
// by the script api-bench.sh (h2load, Debian: nghttp2-client).
import { join } from "node:path";
import { output } from "../lib/child.ts";
import { type Part, type Row, type Setup, scriptsOf } from "../lib/part.ts";
import { type ApiPeer, type EachSide, figures, onEachSide, token } from "../lib/peers.ts";

interface Load {
  /** The script's word for it. */
  readonly name: string;
  readonly what: string;
  /** How many of these the script sends for each that $N says. */
  readonly share: number;
  readonly budgetUs?: number;
  /** How many times upstream's rate is wanted. */
  readonly timesUpstream?: number;
}

const loads: readonly Load[] = [
  { name: "create-cm", what: "create ConfigMap, 1 KB", share: 1, budgetUs: 200, timesUpstream: 4 },
  { name: "create-pod", what: "create Pod, 2 containers", share: 1 / 4, budgetUs: 500, timesUpstream: 5 },
  { name: "get-pod", what: "get Pod", share: 2, budgetUs: 70, timesUpstream: 5 },
  { name: "get-pod-c1", what: "get Pod, 1 in flight", share: 1 / 4 },
  { name: "list-500", what: "list 500 Pods", share: 1 / 50, budgetUs: 4_000, timesUpstream: 15 },
  { name: "list-all-rv0", what: "list all Pods", share: 1 / 500, budgetUs: 30_000, timesUpstream: 15 },
];

const residentBudgetMb = 350;

async function measure(peer: ApiPeer, setup: Setup): Promise<ReadonlyMap<string, number>> {
  const requests = Math.max(2, Math.round(20 * setup.scale)) * 1_000;
  const text = await output("bash", [join(scriptsOf(setup), "api-bench.sh"), peer.url, token, ...peer.pidFiles], {
    limitSeconds: part.limitSeconds,
    env: { N: String(requests) },
  });
  const found = new Map<string, number>();
  for (const { name, share } of loads) {
    const line = new RegExp(`^${name} +(\\d+) req/s .* cpu (\\d+) us/req +2xx (\\d+)`, "m").exec(text);
    if (line === null || Number(line[3]) !== requests * share)
      throw new Error(`${peer.side}: ${name} failed; the script said:\n${text}`);
    found.set(`${name} rate`, Number(line[1])).set(`${name} cost`, Number(line[2]));
  }
  return found.set("resident", peer.rssBytes() / 1e6);
}

export const part: Part = {
  about: "requests to the API server: create, get, list",
  limitSeconds: 400,
  async *run(setup) {
    for await (const each of onEachSide(setup, (peer) => measure(peer, setup))) yield* rowsOf(each);
  },
};

function rowsOf(each: EachSide): Row[] {
  const costs = loads.map(
    ({ name, what, budgetUs }): Row => ({
      ...{ what, unit: "CPU µs a request", better: "less", ...figures(each, `${name} cost`) },
      ...(budgetUs === undefined ? {} : { budget: budgetUs }),
    }),
  );
  const rates = loads.map(({ name, what, timesUpstream }): Row => {
    const found = figures(each, `${name} rate`);
    const budget =
      timesUpstream === undefined || found.upstream === undefined
        ? {}
        : { budget: Math.round(timesUpstream * found.upstream) };
    return { what, unit: "requests/s", better: "more", ...found, ...budget };
  });
  const resident = { what: "after the load", unit: "MB resident", better: "less", budget: residentBudgetMb } as const;
  return [...costs, ...rates, { ...resident, ...figures(each, "resident") }];
}
