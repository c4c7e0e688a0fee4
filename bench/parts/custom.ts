// What a custom kind costs the API server beside built-in kinds of like size: processor time of all its processes, kernel included, over
// TLS and HTTP/2. The kinds take turns, some requests at a time, so that what else the machine does meets all of them.
import { setTimeout as delay } from "node:timers/promises";
import { type ApiClient, inParallel, openClient } from "../lib/api-client.ts";
import { definition, type KindObject, kinds } from "../lib/custom-kind.ts";
import type { Part, Row, Setup } from "../lib/part.ts";
import { type ApiPeer, type EachSide, figures, onEachSide } from "../lib/peers.ts";

type Kind = (typeof kinds)[number];

/** Objects of each kind that are there when lists are asked for. */
const stored = 500;
const turns = 10;
/** What a write of a custom kind may cost of one of a Deployment, measured in the same run. */
const mostOfBuiltin = 1.3;
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const servedLimitMs = 20_000;

interface Target {
  readonly client: ApiClient;
  readonly kind: Kind;
  /** The newest of each stored object, by its path, as a client has it that updates it. */
  readonly newest: Map<string, KindObject>;
}

interface Load {
  readonly name: string;
  /** Requests of each kind, in all turns. */
  readonly requests: number;
  readonly isWrite?: true;
  /** `serial` is another one for each request. */
  readonly send: (target: Target, serial: number) => Promise<unknown>;
}

const pathOf = ({ kind }: Target, serial: number): string => `${kind.path}/object-${serial % stored}`;

/** What the server answers when it has written; the client takes "already there" for an answer, too. */
function written(text: string): KindObject {
  const object = JSON.parse(text) as KindObject;
  if (object["kind"] === "Status") throw new Error(`not written: ${text}`);
  return object;
}

async function update(target: Target, serial: number): Promise<void> {
  const { client, kind, newest } = target;
  const path = pathOf(target, serial);
  const before = newest.get(path)!;
  const body: Record<string, unknown> = { ...before };
  for (const [name, part] of Object.entries(kind.change(serial)))
    body[name] = { ...(before[name] as object), ...(part as object) };
  newest.set(path, written(await client.call("PUT", path, body)));
}

/** One after the other: a patch of the same object would come between what an update knows and what it writes. */
const loads: readonly Load[] = [
  {
    name: "create",
    requests: 4_000,
    isWrite: true,
    send: ({ client, kind }, serial) => client.call("POST", kind.path, kind.make(`created-${serial}`)),
  },
  { name: "update", requests: 4_000, isWrite: true, send: update },
  {
    name: "patch",
    requests: 4_000,
    isWrite: true,
    send: (target, serial) => target.client.call("PATCH", pathOf(target, serial), target.kind.change(serial)),
  },
  { name: "get", requests: 10_000, send: (target, serial) => target.client.call("GET", pathOf(target, serial)) },
  {
    name: `list ${stored}`,
    requests: 200,
    send: ({ client, kind }) => client.call("GET", `${kind.path}?limit=${stored}`),
  },
];

/** Asks until the new kind is served. */
async function served({ client, kind }: Target): Promise<void> {
  for (const endMs = performance.now() + servedLimitMs; ; await delay(50)) {
    try {
      await client.call("GET", `${kind.path}?limit=1`);
      return;
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
  }
}

async function seed(target: Target): Promise<void> {
  const { client, kind, newest } = target;
  await inParallel(stored, async (index) => {
    const text = await client.call("POST", kind.path, kind.make(`object-${index}`));
    newest.set(pathOf(target, index), written(text));
  });
}

async function measure(peer: ApiPeer, setup: Setup): Promise<ReadonlyMap<string, number>> {
  const client = openClient(peer.url);
  try {
    await client.call("POST", definitions, definition);
    const targets = kinds.map((kind): Target => ({ client, kind, newest: new Map() }));
    for (const target of targets) {
      await served(target);
      await seed(target);
    }
    const found = new Map<string, number>();
    let serial = 0;
    for (const load of loads) {
      const requests = Math.max(10, Math.round((load.requests * setup.scale) / turns));
      const costs = targets.map(() => 0);
      for (let turn = 0; turn <= turns; turn++)
        for (const [index, target] of targets.entries()) {
          const before = peer.cpuUs();
          await inParallel(requests, () => load.send(target, serial++));
          // The first turn is for the compilers.
          if (turn > 0) costs[index]! += peer.cpuUs() - before;
        }
      for (const [index, { kind }] of targets.entries())
        found.set(`${load.name} ${kind.name}`, costs[index]! / (requests * turns));
    }
    return found;
  } finally {
    client.close();
  }
}

export const part: Part = {
  about: "requests for a custom kind, beside built-in kinds of like size",
  limitSeconds: 400,
  async *run(setup) {
    for await (const each of onEachSide(setup, (peer) => measure(peer, setup))) yield* rowsOf(each);
  },
};

function rowsOf(each: EachSide): Row[] {
  const [custom, builtin] = kinds;
  return loads.flatMap(({ name, isWrite }) =>
    kinds.map((kind): Row => {
      const cost = figures(each, `${name} ${kind.name}`);
      const budget = mostOfBuiltin * figures(each, `${name} ${builtin!.name}`).ours;
      return {
        ...{ what: `${name}, ${kind.name}`, unit: "CPU µs a request", better: "less", ...cost },
        ...(isWrite && kind === custom ? { budget } : {}),
      };
    }),
  );
}
