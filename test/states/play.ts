// Plays one scenario in a namespace of its own: its requests, its waits (by watch, bounded by the recorded time), its snapshots.
import type { Pod } from "../../src/api/index.ts";
import { type Clock, sleep } from "../../src/base/index.ts";
import type { ApiResponse, HttpMethod, Transport } from "../../src/machinery/index.ts";
import { createNormalizer, type Normalizer, type Surroundings } from "./normalize.ts";
import type { Observer } from "./observer.ts";
import {
  type Answer,
  type Json,
  matches,
  type Outcome,
  type Scenario,
  type State,
  type Step,
  type Wait,
  waitIsOver,
} from "./scenarios.ts";

export interface Stage
  extends Pick<Surroundings, "userName" | "nodeName" | "nodeIP" | "podPrefix" | "servicePrefix" | "kubeletRoot"> {
  readonly transport: Transport;
  readonly observer: Observer;
  readonly clock: Clock;
}

/** Nothing may have changed for this long before a snapshot; one that never comes to rest is taken after the second time. */
const quietMs = 2000;
const longestUnrestMs = 12_000;
/** While a busy node has work in hand that the recording's had done by then, the snapshot waits this long. */
const longestWorkMs = 60_000;
const defaultTimeoutSeconds = 30;
/** A slow machine gets this much more than the recording took as its limit. */
const patience = 1.5;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

interface Reply {
  readonly code: number;
  /** JSON when it is any, else the text. */
  readonly body: unknown;
}

async function replyOf(response: ApiResponse): Promise<Reply> {
  if (response.object !== undefined) return { code: response.status, body: response.object };
  let text = (response.bytes ?? []).map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
  for await (const chunk of response.stream ?? []) text += decoder.decode(chunk, { stream: true });
  const type = String(response.headers["content-type"] ?? "");
  return { code: response.status, body: type.startsWith("application/json") && text !== "" ? JSON.parse(text) : text };
}

export async function send(
  transport: Transport,
  request: { readonly method: string; readonly path: string; readonly body?: unknown; readonly contentType?: string },
): Promise<Reply> {
  const [path = "", query = ""] = request.path.split("?");
  return replyOf(
    await transport.request({
      method: request.method as HttpMethod,
      path,
      query: new URLSearchParams(query),
      headers: {
        accept: "application/json",
        "user-agent": "recorder/1",
        ...(request.body === undefined ? {} : { "content-type": request.contentType ?? "application/json" }),
      },
      ...(request.body === undefined ? {} : { body: encoder.encode(JSON.stringify(request.body)) }),
    }),
  );
}

/** Resolves after the next change of anything, or after `limitMs`. */
function nextChange({ observer, clock }: Stage, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      stop();
      resolve();
    };
    const timer = clock.setTimeout(end, limitMs);
    const stop = observer.onChange(end);
  });
}

class Performance {
  readonly #stage: Stage;
  readonly #scenario: Scenario;
  readonly #namespace: string;
  readonly #answers: Answer[] = [];
  readonly #states: State[] = [];
  readonly #inVain: string[] = [];

  constructor(stage: Stage, scenario: Scenario, namespace: string) {
    this.#stage = stage;
    this.#scenario = scenario;
    this.#namespace = namespace;
  }

  async run(): Promise<Outcome> {
    await this.#open();
    for (const [index, step] of this.#scenario.steps.entries()) {
      await this.#step(step, index);
      if (step.snapshot !== undefined) await this.#snapshot(step.snapshot, index);
    }
    const last = this.#scenario.steps.length - 1;
    if (this.#scenario.states.some(({ name }) => name === "end")) await this.#snapshot("end", last);
    return { answers: this.#answers, states: this.#states, inVain: this.#inVain };
  }

  /** The namespace, and what controllers put into each. */
  async #open(): Promise<void> {
    const name = this.#namespace;
    const body = {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, ...(this.#scenario.labels ? { labels: this.#scenario.labels } : {}) },
    };
    const made = await this.#send({ method: "POST", path: "/api/v1/namespaces", body });
    if (made.code !== 201) throw new Error(`namespace ${name}: ${JSON.stringify(made)}`);
    for (const path of ["serviceaccounts/default", "configmaps/kube-root-ca.crt"])
      if (!(await this.#wait({ path: `/api/v1/namespaces/${name}/${path}` }, 30)))
        throw new Error(`${path} never came into namespace ${name}`);
  }

  #send = (request: Parameters<typeof send>[1]): Promise<Reply> => send(this.#stage.transport, request);

  #fill = (text: string): string => text.replaceAll("<ns>", this.#namespace).replaceAll("node1", this.#stage.nodeName);

  async #step(step: Step, index: number): Promise<void> {
    if (step.sleepMs !== undefined) return sleep(this.#stage.clock, step.sleepMs);
    if (step.waitFor !== undefined) {
      const wait = JSON.parse(this.#fill(JSON.stringify(step.waitFor))) as Wait;
      if (!(await this.#wait(wait, step.timeoutSeconds ?? defaultTimeoutSeconds)))
        this.#inVain.push(`step ${index}: ${JSON.stringify(step.waitFor)} never came`);
      return;
    }
    const path = this.#fill(step.path!).replace("<pick>", await this.#pick(step));
    const body = await this.#body(step);
    const { method = "GET", contentType } = step;
    const reply = await this.#send({ method, path, body, ...(contentType ? { contentType } : {}) });
    const told = reply.code >= 400 || step.record;
    this.#answers.push({ step: index, code: reply.code, ...(told ? { body: reply.body } : {}) });
  }

  async #body(step: Step): Promise<unknown> {
    if (step.body === undefined) return undefined;
    const text = this.#fill(JSON.stringify(step.body));
    if (step.uidOf === undefined) return JSON.parse(text);
    const owner = (await this.#send({ method: "GET", path: this.#fill(step.uidOf) })).body as {
      metadata: { uid: string };
    };
    return JSON.parse(text.replaceAll("<owner>", owner.metadata.uid));
  }

  async #pick({ pick }: Step): Promise<string> {
    if (pick === undefined) return "";
    const list = (await this.#send({ method: "GET", path: this.#fill(pick.path) })).body as { items: readonly Json[] };
    const names = list.items
      .filter((item) => matches(item, pick.where))
      .map((item) => (item["metadata"] as { name: string }).name)
      .sort();
    return names[pick.index ?? 0] ?? "nothing-to-pick";
  }

  /** Looks again after every change in the cluster; false when the time is over. */
  async #wait(wait: Wait, timeoutSeconds: number): Promise<boolean> {
    const { clock } = this.#stage;
    const deadlineMs = clock.monotonic() + timeoutSeconds * 1000 * patience;
    for (;;) {
      const next = nextChange(this.#stage, Math.max(0, deadlineMs - clock.monotonic()));
      const { code, body } = await this.#send({ method: "GET", path: wait.path });
      if (waitIsOver(wait, code, body)) return true;
      if (clock.monotonic() >= deadlineMs) return false;
      await next;
    }
  }

  async #rest(): Promise<void> {
    const { clock, observer } = this.#stage;
    const startMs = clock.monotonic();
    for (;;) {
      const nowMs = clock.monotonic();
      const isOverdue = this.#isOverdue();
      const leftMs = startMs + (isOverdue ? longestWorkMs : longestUnrestMs) - nowMs;
      const quietInMs = Math.max(observer.changedAtMs(this.#namespace), startMs) + quietMs - nowMs;
      if (leftMs <= 0 || (quietInMs <= 0 && !isOverdue)) return;
      await sleep(clock, Math.min(leftMs, Math.max(quietInMs, 250)));
    }
  }

  /** A pod that should be gone by now, or that its node has not taken up yet, is no state of rest on a busy machine. */
  #isOverdue(): boolean {
    const pods = (this.#stage.observer.objects(this.#namespace).get("pods") ?? []) as readonly Pod[];
    const nowMs = this.#stage.clock.now();
    return pods.some(({ metadata, spec, status }) => {
      if (!spec.nodeName) return false;
      const { deletionTimestamp, deletionGracePeriodSeconds, finalizers = [], generation } = metadata;
      const isStarting = status?.containerStatuses?.some(({ state }) => state?.waiting?.reason === "ContainerCreating");
      if (deletionTimestamp === undefined) return isStarting;
      // The node takes the grace period away when it is through with the pod.
      if (isTerminalPhase(status?.phase) && deletionGracePeriodSeconds !== 0) return true;
      if (finalizers.length === 0 && Date.parse(deletionTimestamp) <= nowMs) return true;
      return status?.observedGeneration !== generation && status?.phase === "Running";
    });
  }

  async #snapshot(name: string, after: number): Promise<void> {
    const recorded = this.#scenario.states.find((state) => state.name === name);
    if (!recorded?.restless) {
      await this.#rest();
      this.#states.push(await this.#look(name, after));
      return;
    }
    // Taken at some time from 2 to 12 seconds after the step, while what goes on went on: every look in that time counts.
    const { clock } = this.#stage;
    const endMs = clock.monotonic() + longestUnrestMs;
    await sleep(clock, quietMs);
    for (let waitMs = 1; waitMs > 0; waitMs = endMs - clock.monotonic()) {
      this.#states.push(await this.#look(name, after));
      await nextChange(this.#stage, Math.min(waitMs, 1000));
    }
  }

  async #look(name: string, after: number): Promise<State> {
    const recorded = this.#scenario.states.find((state) => state.name === name);
    const cluster: Record<string, Json> = {};
    for (const path of Object.keys(recorded?.cluster ?? {})) {
      const { code, body } = await this.#send({ method: "GET", path: this.#fill(path) });
      cluster[path] = code === 404 ? { code } : (body as Json);
    }
    const { observer } = this.#stage;
    return {
      name,
      after,
      objects: Object.fromEntries(
        [...observer.objects(this.#namespace)].map(([resource, objects]) => [resource, objects as unknown as Json[]]),
      ),
      events: observer.events(this.#namespace) as unknown as State["events"],
      cluster,
    };
  }
}

/** What snapshots leave out unless the recording has it: what every namespace has. */
function isAlwaysThere(resource: string, object: Json, recorded: State): boolean {
  const name = (object["metadata"] as { name?: string } | undefined)?.name;
  if (resource === "configmaps" && name === "kube-root-ca.crt")
    return !(recorded.objects[resource] ?? []).some((each) => (each["metadata"] as { name?: string }).name === name);
  if (resource === "serviceaccounts" && name === "default")
    return !(recorded.objects[resource] ?? []).some((each) => (each["metadata"] as { name?: string }).name === name);
  return false;
}

function normalized(outcome: Outcome, scenario: Scenario, normalizer: Normalizer): Outcome {
  return {
    inVain: outcome.inVain,
    answers: outcome.answers.map(({ step, code, body }) => ({
      step,
      code,
      ...(body === undefined ? {} : { body: normalizer.value(body) }),
    })),
    states: outcome.states.map((state) => {
      const recorded = scenario.states.find(({ name }) => name === state.name) ?? { ...state, objects: {} };
      return {
        name: state.name,
        after: state.after,
        objects: Object.fromEntries(
          Object.entries(state.objects)
            .map(
              ([resource, objects]) =>
                [
                  resource,
                  objects
                    .filter((object) => !isAlwaysThere(resource, object, recorded))
                    .map((object) => normalizer.value(object) as Json),
                ] as const,
            )
            .filter(([, objects]) => objects.length > 0),
        ),
        events: normalizer.events(state.events as unknown as Parameters<Normalizer["events"]>[0]),
        cluster: Object.fromEntries(
          Object.entries(state.cluster ?? {}).map(([path, object]) => [path, normalizer.value(object) as Json]),
        ),
      };
    }),
  };
}

/** Plays it; what comes back is normalized and stands beside the recording. */
export async function play(stage: Stage, scenario: Scenario, namespace: string): Promise<Outcome> {
  const outcome = await new Performance(stage, scenario, namespace).run();
  const surroundings: Surroundings = {
    ...stage,
    namespace,
    sent: JSON.stringify(scenario.steps),
    history: stage.observer.history(namespace),
  };
  return normalized(outcome, scenario, createNormalizer(surroundings));
}

/** Takes away what a scenario left, without waiting for its end. */
export async function clear(stage: Stage, namespace: string): Promise<void> {
  const ofNow = { gracePeriodSeconds: 0, propagationPolicy: "Background" };
  // What is gone from the API at once still runs for a moment, and the next scenario's pods would find no room.
  const soon = { ...ofNow, gracePeriodSeconds: 1 };
  await send(stage.transport, { method: "DELETE", path: `/api/v1/namespaces/${namespace}`, body: ofNow });
  for (const [resource, objects] of stage.observer.objects(namespace))
    for (const object of objects) {
      const { apiVersion, metadata } = object;
      if ((metadata.finalizers ?? []).length > 0 || resource === "pods") {
        const path = `/${apiVersion.includes("/") ? "apis" : "api"}/${apiVersion}/namespaces/${namespace}/${resource}/${metadata.name}`;
        const contentType = "application/merge-patch+json";
        await send(stage.transport, { method: "DELETE", path, body: runs(object, stage.nodeName) ? soon : ofNow });
        await send(stage.transport, { method: "PATCH", path, contentType, body: { metadata: { finalizers: null } } });
      }
    }
  for (const { path, name } of stage.observer.named(namespace)) {
    if (path === "/api/v1/namespaces") continue;
    await send(stage.transport, { method: "DELETE", path: `${path}/${name}` });
    const contentType = "application/merge-patch+json";
    await send(stage.transport, {
      method: "PATCH",
      path: `${path}/${name}`,
      contentType,
      body: { metadata: { finalizers: null } },
    });
  }
}

const isTerminalPhase = (phase: string | undefined): boolean => phase === "Succeeded" || phase === "Failed";

const runs = (object: object, nodeName: string): boolean =>
  (object as { spec?: { nodeName?: string } }).spec?.nodeName === nodeName;

/** Resolves when no pod of the namespace is left, or when none of them went for a minute: the next scenario tells what that does. */
export async function emptied(stage: Stage, namespace: string): Promise<void> {
  const deadlineMs = stage.clock.monotonic() + 60_000;
  while ((stage.observer.objects(namespace).get("pods") ?? []).length > 0 && stage.clock.monotonic() < deadlineMs)
    await nextChange(stage, 5000);
}
