// The flow schemas and priority levels of every cluster, and the Dangling condition of all flow schemas. Upstream: apiserver's
// util/flowcontrol/apf_controller.go and registry/flowcontrol/rest.
import bootstrap from "../../../facts/flowcontrol-bootstrap.json" with { type: "json" };
import {
  type FlowSchema,
  flowSchemas,
  type KindDefinition,
  type PriorityLevelConfiguration,
  priorityLevelConfigurations,
} from "../../api/index.ts";
import type { Clock, Logger, Timer } from "../../base/index.ts";
import { deepEqual, formatTime, type KubeObject, type Transport } from "../../machinery/index.ts";
import type { SettledObject, SettledWriter } from "../bootstrap/settled.ts";
import type { ObjectReader } from "../contract.ts";

const group = "flowcontrol.apiserver.k8s.io/v1";
const producer = "api-priority-and-fairness-config-producer-v1";
const consumer = "api-priority-and-fairness-config-consumer-v1";
const autoUpdate = "apf.kubernetes.io/autoupdate-spec";
/** A schema whose condition others keep changing is left alone for a while after this many writes in a minute. */
const mostWritesPerMinute = 6;
const pauseMs = 30_000;

export interface FlowControlHost {
  readonly reader: ObjectReader;
  /** Makes what a new cluster has. */
  readonly settled: SettledWriter;
  /** As the server itself: no stage is skipped but the questions who asks and whether they may. */
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface FlowControlConfiguration {
  /** Begins when the caches are filled; the work goes on behind the start. */
  start(): void;
  close(): Promise<void>;
}

export function keepFlowControl(host: FlowControlHost): FlowControlConfiguration {
  const { reader, clock, log } = host;
  const stops: (() => void)[] = [];
  const writes = new Map<string, number[]>();
  let running: Promise<void> = Promise.resolve();
  let [wanted, closed] = [false, false];
  let timer: Timer | undefined;

  const tell = (what: string) => (error: unknown) => {
    if (!closed) log.warn(what, { error });
  };
  /** One pass after the other, and one more when something changed meanwhile. */
  const wake = (): void => {
    if (wanted || closed) return;
    wanted = true;
    running = running.then(pass, pass);
  };
  const pass = async (): Promise<void> => {
    wanted = false;
    for (const schema of reader.list<FlowSchema>(flowSchemas)) {
      if (closed) return;
      const condition = danglingCondition(schema, reader, clock.now());
      if (condition === undefined) continue;
      if (isBusy(schema.metadata.name)) {
        timer ??= clock.setTimeout(
          () => {
            timer = undefined;
            wake();
          },
          pauseMs,
          { background: true },
        );
        continue;
      }
      await apply(host, schema.metadata.name, condition).catch(tell("the condition of a flow schema was not written"));
    }
  };
  const isBusy = (name: string): boolean => {
    const now = clock.monotonic();
    const recent = (writes.get(name) ?? []).filter((at) => now - at < 60_000);
    if (recent.length < mostWritesPerMinute) recent.push(now);
    else return true;
    writes.set(name, recent);
    return false;
  };
  return {
    start() {
      const observer = { upsert: wake, remove: wake };
      running = ensureAll(host).catch(tell("flow schemas and priority levels were not made"));
      stops.push(reader.subscribe<FlowSchema>(flowSchemas, observer));
      stops.push(reader.subscribe<PriorityLevelConfiguration>(priorityLevelConfigurations, observer));
      wake();
    },
    async close() {
      closed = true;
      timer?.cancel();
      for (const stop of stops) stop();
      await running;
    },
  };
}

interface Condition {
  readonly type: "Dangling";
  readonly status: "True" | "False";
  readonly lastTransitionTime: string;
  readonly reason: "NotFound" | "Found";
  readonly message: string;
}

/** What the condition should be; undefined when it is that. */
function danglingCondition(schema: FlowSchema, reader: ObjectReader, nowMs: number): Condition | undefined {
  const level = schema.spec?.priorityLevelConfiguration?.name ?? "";
  const found = reader.get(priorityLevelConfigurations, "", level) !== undefined;
  const wanted = conditionOf(level, found ? "there" : "missing", nowMs);
  const own = schema.status?.conditions?.find(({ type }) => type === "Dangling");
  const same = own?.status === wanted.status && own.reason === wanted.reason && own.message === wanted.message;
  return same ? undefined : wanted;
}

function conditionOf(level: string, state: "there" | "missing", nowMs: number): Condition {
  const found = state === "there";
  return {
    type: "Dangling",
    status: found ? "False" : "True",
    lastTransitionTime: formatTime(nowMs),
    reason: found ? "Found" : "NotFound",
    message: `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} ${
      found ? "and it exists" : "but there is no such object"
    }`,
  };
}

async function apply(host: FlowControlHost, name: string, condition: Condition): Promise<void> {
  const { status } = await host.transport.request({
    method: "PATCH",
    path: `/apis/${group}/flowschemas/${encodeURIComponent(name)}/status`,
    query: new URLSearchParams({ fieldManager: consumer, force: "true" }),
    headers: { "content-type": "application/apply-patch+yaml" },
    body: { apiVersion: group, kind: "FlowSchema", metadata: { name }, status: { conditions: [condition] } },
  });
  if (status >= 400 && status !== 404) throw new Error(`applying the status of flow schema ${name} answered ${status}`);
}

async function ensureAll(host: FlowControlHost): Promise<void> {
  const { reader, settled } = host;
  const isNew = reader.list(flowSchemas).length === 0 && reader.list(priorityLevelConfigurations).length === 0;
  if (isNew) {
    const { levels, schemas } = newObjects();
    await Promise.all([settled.create(priorityLevelConfigurations, levels), settled.create(flowSchemas, schemas)]);
    return;
  }
  const levels = bootstrap.priorityLevels.map((each) => ensure(host, priorityLevelConfigurations, each));
  const schemas = bootstrap.flowSchemas.map((each) => ensure(host, flowSchemas, each));
  await Promise.all([...levels, ...schemas]);
}

const bodyOf = (
  { kind }: Pick<KindDefinition, "kind">,
  { name, spec }: { readonly name: string; readonly spec: object },
): KubeObject & { readonly spec: object } => {
  const metadata = { name, annotations: { [autoUpdate]: "true" } } as unknown as KubeObject["metadata"];
  return { apiVersion: group, kind, metadata, spec };
};

let made: { readonly levels: readonly SettledObject[]; readonly schemas: readonly SettledObject[] } | undefined;

/** What a new cluster has; the levels exist when the schemas say so, since they are written before. */
const newObjects = (): NonNullable<typeof made> =>
  (made ??= {
    levels: bootstrap.priorityLevels.map((each) => ({
      body: bodyOf(priorityLevelConfigurations, each),
      manager: producer,
    })),
    schemas: bootstrap.flowSchemas.map((each) => ({
      body: bodyOf(flowSchemas, each),
      manager: producer,
      status: {
        manager: consumer,
        applied: { status: { conditions: [conditionOf(each.spec.priorityLevelConfiguration.name, "there", 0)] } },
      },
    })),
  });

/** Made when missing; a spec that nobody asked to keep as it is follows the release. */
async function ensure<T extends KubeObject & { readonly spec?: unknown }>(
  { reader, transport }: FlowControlHost,
  kind: KindDefinition<T>,
  { name, spec }: { readonly name: string; readonly spec: object },
): Promise<void> {
  const found = reader.get(kind, "", name);
  const follows = found?.metadata.annotations?.[autoUpdate] === "true";
  if (found !== undefined && (!follows || deepEqual(found.spec, spec))) return;
  const path = `/apis/${group}/${kind.resource}`;
  const query = new URLSearchParams({ fieldManager: producer });
  const body = found === undefined ? bodyOf(kind, { name, spec }) : { ...found, spec };
  const { status } = await transport.request(
    found === undefined
      ? { method: "POST", path, query, headers: {}, body }
      : { method: "PUT", path: `${path}/${name}`, query, headers: {}, body },
  );
  if (status >= 400 && status !== 409) throw new Error(`${kind.resource} ${name}: the API server answered ${status}`);
}
