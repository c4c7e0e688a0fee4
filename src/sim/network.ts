// The network between a component and the API server, with the weather a seed gives it. Requests are late, are lost before or after the
// server took them, or arrive twice; watch events come late, or are lost together with their stream. Within one stream order is
// kept and nothing is missing in the middle, as TCP has it; between streams there is no order at all.
import { type Clock, onAbort, type Rng, sleep } from "../base/index.ts";
import type { ApiRequest, ApiResponse, Handle, Transport, UserInfo, WatchFrame } from "../machinery/index.ts";

/** Chances are between 0 and 1; delays are drawn evenly up to the given milliseconds. */
export interface Weather {
  requestDelayMs: number;
  lostBefore: number;
  /** The server did it, the answer never comes. */
  lostAfter: number;
  /** Of requests that HTTP clients repeat by themselves: GET, PUT, DELETE. */
  duplicated: number;
  watchDelayMs: number;
  /** For each batch of events. */
  watchCut: number;
}

export const fairWeather: Readonly<Weather> = {
  requestDelayMs: 0,
  lostBefore: 0,
  lostAfter: 0,
  duplicated: 0,
  watchDelayMs: 0,
  watchCut: 0,
};

/** A server as its clients see it. `gone` aborts when its process ends. */
export interface Reachable {
  readonly handle: Handle;
  readonly gone: AbortSignal;
}

export interface Link {
  readonly weather: Weather;
  transport(user: UserInfo): Transport;
  /** Ends every watch; the component has to resume them. */
  cutWatches(): void;
  /** The component's process is gone: whatever it had asked for is never answered, and it asks no more. */
  kill(): void;
}

export interface LinkOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly server: () => Reachable | undefined;
}

export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

export function createLink(options: LinkOptions): Link {
  const weather: Weather = { ...fairWeather };
  const dead = new AbortController();
  const state = { watches: new AbortController() };
  const link: LinkState = { ...options, weather, dead: dead.signal, watches: () => state.watches.signal };
  return {
    weather,
    transport: (user) => ({ request: (request) => requestOver(link, request, user), close: () => {} }),
    cutWatches() {
      state.watches.abort(new ConnectionError("connection reset by peer"));
      state.watches = new AbortController();
    },
    kill() {
      dead.abort(new ConnectionError("the process is gone"));
      state.watches.abort(new ConnectionError("the process is gone"));
    },
  };
}

interface LinkState extends LinkOptions {
  readonly weather: Readonly<Weather>;
  readonly dead: AbortSignal;
  readonly watches: () => AbortSignal;
}

async function requestOver(link: LinkState, request: ApiRequest, user: UserInfo): Promise<ApiResponse> {
  const { weather, rng, clock } = link;
  if (weather.requestDelayMs > 0) await sleep(clock, rng.next() * weather.requestDelayMs, link.dead);
  if (link.dead.aborted) throw link.dead.reason;
  request.signal?.throwIfAborted();
  const server = link.server();
  if (server === undefined) throw new ConnectionError("connect: connection refused");
  if (weather.lostBefore > 0 && rng.next() < weather.lostBefore) throw new ConnectionError("connection reset by peer");
  const identity = { kind: "user", user } as const;
  if (request.query?.get("watch") === "true") return watchOver(link, { request, server, user });
  const asked = { ...request, objects: true };
  const answer = await before([link.dead, server.gone], server.handle(asked, identity));
  if (weather.lostAfter > 0 && rng.next() < weather.lostAfter)
    throw new ConnectionError("connection reset by peer while waiting for the answer");
  if (weather.duplicated > 0 && repeatable.has(request.method) && rng.next() < weather.duplicated)
    return before([link.dead, server.gone], server.handle(asked, identity));
  return answer;
}

const repeatable: ReadonlySet<string> = new Set(["GET", "PUT", "DELETE"]);

async function watchOver(
  link: LinkState,
  { request, server, user }: { request: ApiRequest; server: Reachable; user: UserInfo },
): Promise<ApiResponse> {
  const ends = [link.watches(), server.gone, ...(request.signal === undefined ? [] : [request.signal])];
  const life = new AbortController();
  const detach = ends.map((signal) => onAbort(signal, () => life.abort(signal.reason)));
  const answer = await server.handle({ ...request, objects: true, signal: life.signal }, { kind: "user", user });
  if (answer.watch === undefined) {
    for (const each of detach) each();
    return answer;
  }
  return { ...answer, watch: framesOver(link, { source: answer.watch, life, detach }) };
}

async function* framesOver(
  link: LinkState,
  stream: {
    readonly source: AsyncIterable<readonly WatchFrame[]>;
    readonly life: AbortController;
    readonly detach: readonly (() => void)[];
  },
): AsyncGenerator<readonly WatchFrame[], void, void> {
  const { weather, rng, clock } = link;
  const { signal } = stream.life;
  try {
    for await (const frames of stream.source) {
      if (signal.aborted) break;
      if (weather.watchCut > 0 && rng.next() < weather.watchCut) throw new ConnectionError("connection reset by peer");
      if (weather.watchDelayMs > 0) await sleep(clock, rng.next() * weather.watchDelayMs, signal);
      yield frames;
    }
    if (signal.aborted) throw signal.reason;
  } finally {
    for (const each of stream.detach) each();
    stream.life.abort(new ConnectionError("the watch is over"));
  }
}

/** What was promised, or the reason of the first signal that aborts before. */
function before<T>(signals: readonly AbortSignal[], promised: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const detach = signals.map((signal) => onAbort(signal, () => reject(signal.reason)));
    promised.then(resolve, reject).finally(() => {
      for (const each of detach) each();
    });
  });
}
