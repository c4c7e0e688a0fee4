// Plays recorded cases against the API server in process, through the same door as HTTP: bytes in, bytes out, a bearer token for
// who asks. Time is virtual: a recorded wait costs nothing.
import { generateKeyPairSync } from "node:crypto";
import { MetricRegistry, seededRng, silentLogger, VirtualClock } from "../../src/base/index.ts";
import { type ControlPlane, createControlPlane } from "../../src/cmd/apiserver/control-plane.ts";
import type { ApiRequest, ApiResponse, Identity } from "../../src/machinery/index.ts";
import { createNodeStreaming, createTokenIssuer } from "../../src/server/node/index.ts";
import { createMemoryStore } from "../../src/store/index.ts";
import {
  type Case,
  fill,
  learn,
  type Outcome,
  payloadOf,
  type Seen,
  type Step,
  sentOf,
  type WatchCase,
  type WatchOutcome,
} from "./cases.ts";
import { normalize, normalizeText, serverAddress } from "./normalize.ts";

export interface Replayer extends AsyncDisposable {
  /** The answers to a case's steps, or what its watch brought; normalized. */
  run(each: Case): Promise<readonly Outcome[] | WatchOutcome>;
}

const peer: Identity = { kind: "peer", peer: {} };
/** Some requests are about it. */
const token = "bench-token";
const encoder = new TextEncoder();

/** A server as the corpus was recorded from, with an empty store. */
export async function startReplayer(): Promise<Replayer> {
  // A time that no recorded request names.
  const clock = new VirtualClock({ startMs: Date.UTC(2026, 9, 17, 8, 19, 23) });
  const store = createMemoryStore({ clock });
  const rng = seededRng(1);
  const streaming = createNodeStreaming({ rng, log: silentLogger });
  const plane = createControlPlane({
    store,
    clock,
    rng,
    connect: streaming.connect,
    log: silentLogger,
    metrics: new MetricRegistry(),
    authorizationModes: ["Node", "RBAC"],
    admission: { enable: ["NodeRestriction"], disable: ["ServiceAccount"] },
    serviceClusterIPRange: "10.96.0.0/16",
    advertise: serverAddress,
    staticTokens: new Map([
      [token, { username: "admin", uid: "admin", groups: ["system:masters", "system:authenticated"] }],
    ]),
    tokenIssuer: createTokenIssuer({
      issuers: ["https://kubernetes.default.svc"],
      signingKey: generateKeyPairSync("rsa", {
        modulusLength: 2048,
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs1", format: "pem" },
      }).privateKey,
    }),
  });
  const player = new Player(plane, clock);
  await player.settled(plane.start());
  return {
    run: (each) => player.run(each),
    async [Symbol.asyncDispose]() {
      await player.settled(plane.close());
      streaming.close();
      await store.close();
    },
  };
}

interface Answer {
  readonly code: number;
  readonly warnings: string | undefined;
  readonly contentType: string | undefined;
  readonly text: string;
}

interface OpenWatch {
  text: string;
  ended: boolean;
}

class Player {
  readonly #plane: ControlPlane;
  readonly #clock: VirtualClock;

  constructor(plane: ControlPlane, clock: VirtualClock) {
    this.#plane = plane;
    this.#clock = clock;
  }

  async run(each: Case): Promise<readonly Outcome[] | WatchOutcome> {
    if (each.watch !== undefined) return this.#watch(each);
    if (each.steps.filter(writes).length > 1) await this.#align();
    return this.#play(each.steps, {});
  }

  /** Waits for work that may need timers: time passes while it does not end by itself. */
  async settled<T>(work: Promise<T>): Promise<T> {
    const state = { done: false };
    const mark = (): void => {
      state.done = true;
    };
    work.then(mark, mark);
    for (let turn = 0; !state.done; turn++) {
      // Some work is done by other threads (signatures, modules read from disk): real time passes for them.
      await new Promise((resolve) => (turn < 20 ? setImmediate(resolve) : setTimeout(resolve, 1)));
      if (turn > 20 && !state.done) await this.#clock.advance(10);
    }
    return work;
  }

  async #play(steps: readonly Step[], seen: Seen): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const step of steps) {
      if (step.sleepMs !== undefined) await this.#clock.advance(step.sleepMs);
      const answer = await this.#sendUntil(await this.#withVersion(fill(step, seen)));
      learn(seen, answer.text);
      outcomes.push(outcomeOf(answer, step));
    }
    return outcomes;
  }

  /** `rvOf`: the resourceVersion that the body is to name. */
  async #withVersion(step: Step): Promise<Step> {
    const body = step.body as { metadata?: Record<string, unknown> } | undefined;
    const metadata = body?.metadata;
    if (
      step.rvOf === undefined ||
      metadata === null ||
      typeof metadata !== "object" ||
      Array.isArray(metadata) ||
      "resourceVersion" in metadata
    )
      return step;
    const seen: Seen = {};
    learn(seen, (await this.#send({ path: step.rvOf })).text);
    return seen["rv"] === undefined
      ? step
      : { ...step, body: { ...body, metadata: { ...metadata, resourceVersion: seen["rv"] } } };
  }

  async #sendUntil(step: Step): Promise<Answer> {
    const { until } = step;
    for (let waitedMs = 0; ; waitedMs += 100) {
      const answer = await this.#send(step);
      if (until === undefined || reached(until, answer) || waitedMs > (until.ms ?? 10_000)) return answer;
      await this.#clock.advance(100);
    }
  }

  async #send(step: Step): Promise<Answer> {
    const gone = new AbortController();
    const response = await this.settled(this.#plane.handle(requestOf(step, gone.signal), peer));
    const text = await this.settled(step.method === "HEAD" ? Promise.resolve("") : wholeText(response));
    gone.abort(new Error("the answer is read"));
    return { ...headOf(response), text };
  }

  async #watch(each: WatchCase): Promise<WatchOutcome> {
    const seen: Seen = {};
    await this.#align();
    await this.#play(each.setup, seen);
    const gone = new AbortController();
    const response = await this.settled(this.#plane.handle(requestOf(fill(each.watch, seen), gone.signal), peer));
    const open: OpenWatch = { text: "", ended: false };
    const reading = readInto(response, open);
    await this.#clock.advance(350);
    await this.#play(each.during ?? [], seen);
    await this.#clock.advance(Math.max(300, each.waitMs ?? 0));
    const { ended } = open;
    gone.abort(new Error("the watcher leaves"));
    await this.settled(reading);
    return watchOutcome(each, response, { text: open.text, ended });
  }

  /** Managed fields are ordered by whole seconds, so a case of several writes begins with one. */
  async #align(): Promise<void> {
    const ms = this.#clock.now() % 1000;
    if (ms > 650) await this.#clock.advance(1003 - ms);
  }
}

const writes = ({ method = "GET", path }: Step): boolean => method !== "GET" && !path.includes("dryRun=");

function requestOf(step: Step, signal: AbortSignal): ApiRequest {
  const { method = "GET", path, contentType = "application/json", accept = "application/json", as } = step;
  const payload = payloadOf(step);
  const [user, ...groups] = as?.split(",") ?? [];
  const mark = path.indexOf("?");
  return {
    method: method as ApiRequest["method"],
    path: mark < 0 ? path : path.slice(0, mark),
    ...(mark < 0 ? {} : { query: new URLSearchParams(path.slice(mark + 1)) }),
    headers: {
      authorization: `Bearer ${token}`,
      accept,
      host: `${serverAddress.address}:${serverAddress.port}`,
      ...(payload === undefined ? {} : { "content-type": contentType }),
      ...(user === undefined ? {} : { "impersonate-user": user }),
      ...(groups.length === 0 ? {} : { "impersonate-group": groups.join(", ") }),
    },
    ...(payload === undefined || payload === "" ? {} : { body: encoder.encode(payload) }),
    signal,
  };
}

const one = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === "string" || header === undefined ? header : header.join(", ");

/** HTTP clients read the bytes of a header as Latin-1, and so did the one that recorded. */
const asLatin1 = (header: string | undefined): string | undefined =>
  header === undefined ? undefined : Buffer.from(header).toString("latin1");

const headOf = ({ status, headers }: ApiResponse): Omit<Answer, "text"> => ({
  code: status,
  warnings: asLatin1(one(headers["warning"])),
  contentType: one(headers["content-type"]),
});

async function readInto(response: ApiResponse, open: OpenWatch): Promise<void> {
  const decoder = new TextDecoder();
  const add = (bytes: Uint8Array): void => {
    open.text += decoder.decode(bytes, { stream: true });
  };
  for (const bytes of response.bytes ?? []) add(bytes);
  for await (const bytes of response.stream ?? []) add(bytes);
  for await (const frames of response.watch ?? []) for (const { bytes } of frames) if (bytes !== undefined) add(bytes);
  open.ended = true;
}

async function wholeText(response: ApiResponse): Promise<string> {
  const open: OpenWatch = { text: "", ended: false };
  await readInto(response, open);
  return open.text;
}

function outcomeOf({ code, warnings, contentType, text }: Answer, step: Step): Outcome {
  const sent = sentOf(step);
  const named = Boolean(step.accept) || !/^application\/json/.test(contentType ?? "");
  return {
    code,
    ...(warnings === undefined ? {} : { warnings }),
    ...(named ? { contentType: contentType ?? "" } : {}),
    body: bodyOf(text, sent),
  };
}

function bodyOf(text: string, sent: string): unknown {
  try {
    return normalize(JSON.parse(text), sent);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return normalizeText(text, sent);
  }
}

function reached(until: NonNullable<Step["until"]>, { code, text }: Answer): boolean {
  if (until.code !== undefined && code !== until.code) return false;
  if (until.contains !== undefined && !text.includes(until.contains)) return false;
  if (until.condition === undefined) return true;
  if (code !== 200) return false;
  const { status } = JSON.parse(text) as { status?: { conditions?: { type: string; status: string }[] } };
  return status?.conditions?.some(({ type, status }) => type === until.condition && status === "True") ?? false;
}

function watchOutcome(each: WatchCase, response: ApiResponse, { text, ended }: OpenWatch): WatchOutcome {
  const sent = JSON.stringify([each.setup, each.during ?? []]);
  const { code, warnings, contentType = "" } = headOf(response);
  const head = { code, contentType, ...(warnings === undefined ? {} : { warnings }), ended };
  if (code !== 200 || !/stream=watch|^application\/json/.test(contentType) || each.raw === true)
    return { ...head, events: [], body: bodyOf(text, sent) };
  const events = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => normalize(JSON.parse(line), sent) as { type?: string })
    // Bookmarks come by the clock, but for the one that ends the initial events.
    .filter((event) => event.type !== "BOOKMARK" || JSON.stringify(event).includes("initial-events-end"));
  const [only] = events;
  return events.length === 1 && only?.type === undefined ? { ...head, events: [], body: only } : { ...head, events };
}
