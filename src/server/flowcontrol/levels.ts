// The priority levels and flow schemas as they stand: built from the objects, rebuilt when these change. Requests that are in a
// level stay in it; a level without an object is kept until it is empty. The two mandatory levels and schemas are always there.
// Upstream: apiserver's util/flowcontrol/apf_controller.go.
import bootstrap from "../../../facts/flowcontrol-bootstrap.json" with { type: "json" };
import type { FlowSchema, PriorityLevelConfiguration } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import type { UserInfo } from "../../machinery/index.ts";
import type { RequestInfo } from "../request-info.ts";
import { borrow } from "./allocation.ts";
import { distinguisherOf, inOrder, type Matcher, matcherOf } from "./classify.ts";
import type { FlowMetrics, FlowStats, LevelFigures } from "./flow-metrics.ts";
import type { Arrival } from "./gate.ts";
import { createQueueSet, type QueueSet, type QueueSetConfig, type QueueSetObserver } from "./queue-set.ts";
import { createSeatDemand, type SeatDemand } from "./seat-demand.ts";
import { dealHand, hashOfFlow } from "./shuffle-sharding.ts";

/** What a queue set keeps of a request. */
export interface FlowRequest {
  readonly arrival: Arrival;
  readonly schema: Schema;
  readonly distinguisher: string;
}

export interface Level {
  readonly name: string;
  object: PriorityLevelConfiguration;
  readonly queues: QueueSet<FlowRequest>;
  readonly demand: SeatDemand;
  /** Its object is gone; it goes when it is empty. */
  quiescing: boolean;
  nominal: number;
  minimum: number;
  maximum: number;
  current: number;
  target: number;
  /** What one request may take; 0: not said. */
  mostSeats: number;
}

export interface Schema {
  readonly name: string;
  readonly object: FlowSchema;
  readonly level: Level;
  readonly matches: Matcher;
  readonly stats: FlowStats;
  /** Of answers that it matched. */
  readonly headers: Readonly<Record<string, string>>;
  readonly hands: Map<string, readonly number[]>;
}

export interface Levels {
  classify(info: RequestInfo, user: UserInfo): Schema;
  /** The queues of a flow. */
  handOf(schema: Schema, distinguisher: string): readonly number[];
  configure(levels: readonly PriorityLevelConfiguration[], schemas: readonly FlowSchema[]): void;
  /** Lends and borrows by the demand since the last call. */
  adjust(): void;
  readonly all: ReadonlyMap<string, Level>;
  readonly fairFraction: number;
}

export interface LevelsOptions {
  readonly clock: Clock;
  readonly metrics: FlowMetrics;
  /** Seats of the whole server. */
  readonly concurrency: number;
}

const group = "flowcontrol.apiserver.k8s.io/v1";
/** Flows whose hands are remembered, of one schema. */
const mostHands = 4096;
/** One request takes no more than this part of its level. */
const mostOfLevel = 0.15;

/** By spec, which new clusters of a process share. */
const matchers = new WeakMap<object, Matcher>();

function compiled(schema: FlowSchema): Matcher {
  const { spec } = schema;
  const known = spec && matchers.get(spec);
  if (known !== undefined) return known;
  const matches = matcherOf(schema);
  if (spec !== undefined) matchers.set(spec, matches);
  return matches;
}

const mandatory = (name: string): { level: PriorityLevelConfiguration; schema: FlowSchema } => ({
  level: {
    apiVersion: group,
    kind: "PriorityLevelConfiguration",
    metadata: { name, uid: "", resourceVersion: "", creationTimestamp: "" },
    spec: bootstrap.priorityLevels.find((each) => each.name === name)!.spec,
  },
  schema: {
    apiVersion: group,
    kind: "FlowSchema",
    metadata: { name, uid: "", resourceVersion: "", creationTimestamp: "" },
    spec: bootstrap.flowSchemas.find((each) => each.name === name)!.spec,
  },
});

export function createLevels({ clock, metrics, concurrency }: LevelsOptions): Levels {
  const all = new Map<string, Level>();
  const [exempt, catchAll] = [mandatory("exempt"), mandatory("catch-all")];
  let schemas: readonly Schema[] = [];
  let last: Schema | undefined;
  let fairFraction = 0;

  const levelOf = (object: PriorityLevelConfiguration): Level => {
    const name = object.metadata.name ?? "";
    const found = all.get(name);
    if (found !== undefined) {
      found.object = object;
      found.quiescing = false;
      return found;
    }
    const demand = createSeatDemand(clock);
    const queues = createQueueSet(clock, observerOf(demand));
    const zero = { nominal: 0, minimum: 0, maximum: 0, current: 0, target: 0, mostSeats: 0 };
    const made: Level = { name, object, queues, demand, quiescing: false, ...zero };
    all.set(name, made);
    return made;
  };

  const schemaOf = (object: FlowSchema, level: Level): Schema => {
    const name = object.metadata.name ?? "";
    return {
      name,
      object,
      level,
      matches: compiled(object),
      stats: metrics.statsOf(level.name, name),
      headers: {
        "x-kubernetes-pf-flowschema-uid": object.metadata.uid ?? "",
        "x-kubernetes-pf-prioritylevel-uid": level.object.metadata.uid ?? "",
      },
      hands: new Map(),
    };
  };

  const shareSeats = (): void => {
    let shares = 0;
    for (const { object } of all.values()) shares += sharesOf(object).shares;
    for (const level of all.values()) {
      const { shares: own, lendable, borrowing } = sharesOf(level.object);
      level.nominal = shares === 0 ? 0 : Math.ceil((concurrency * own) / shares);
      const lent = Math.round((level.nominal * lendable) / 100);
      const fresh = level.maximum === 0;
      level.minimum = level.nominal - lent;
      level.maximum =
        level.nominal + (borrowing === undefined ? concurrency : Math.round((level.nominal * borrowing) / 100));
      if (fresh) level.current = level.nominal - Math.trunc(lent / 2);
      const { queues, handSize } = queueConfigOf(level.object);
      level.mostSeats =
        queues > 0
          ? Math.max(1, Math.min(Math.ceil(level.nominal * mostOfLevel), Math.floor(level.nominal / handSize)))
          : 0;
    }
  };

  const adjust = (): void => {
    const levels = [...all.values()];
    for (const { demand } of levels) demand.endPeriod();
    const result = borrow(
      levels.map(({ object, nominal, minimum, maximum, current, demand }) => ({
        exempt: object.spec.type === "Exempt",
        nominal,
        minimum,
        maximum,
        current,
        highWatermark: demand.highWatermark,
        smoothed: demand.smoothed,
      })),
    );
    fairFraction = result.fairFraction;
    levels.forEach((level, index) => {
      level.current = result.current[index]!;
      level.target = result.targets[index]!;
      level.queues.configure(queueConfigOf(level.object), level.current);
    });
  };

  const levels: Levels = {
    all,
    get fairFraction() {
      return fairFraction;
    },
    classify(info, user) {
      for (const schema of schemas) if (schema.matches(info, user)) return schema;
      return last!;
    },
    handOf(schema, distinguisher) {
      const known = schema.hands.get(distinguisher);
      if (known !== undefined) return known;
      const { queues, handSize } = queueConfigOf(schema.level.object);
      const hand =
        queues > 0 ? dealHand(queues > 1 ? hashOfFlow(schema.name, distinguisher) : 0n, queues, handSize) : [];
      if (schema.hands.size >= mostHands) schema.hands.clear();
      schema.hands.set(distinguisher, hand);
      return hand;
    },
    configure(objects, schemaObjects) {
      const wanted = new Set<Level>();
      const named = new Set(objects.map(({ metadata }) => metadata.name));
      const given = objects.filter((object) => isWhole(object));
      for (const each of [exempt.level, catchAll.level]) if (!named.has(each.metadata.name)) given.push(each);
      for (const object of given) wanted.add(levelOf(object));
      for (const level of [...all.values()]) {
        if (wanted.has(level)) continue;
        level.quiescing = true;
        if (level.queues.idle) all.delete(level.name);
      }
      const usable = inOrder(schemaObjects).flatMap((object) => {
        const level = all.get(object.spec?.priorityLevelConfiguration?.name ?? "");
        return level === undefined || level.quiescing ? [] : [schemaOf(object, level)];
      });
      if (!usable.some(({ name }) => name === "exempt")) usable.unshift(schemaOf(exempt.schema, all.get("exempt")!));
      last = usable.find(({ name }) => name === "catch-all");
      if (last === undefined) {
        last = schemaOf(catchAll.schema, all.get("catch-all")!);
        usable.push(last);
      }
      schemas = usable;
      shareSeats();
      adjust();
    },
    adjust,
  };
  metrics.follow(() => ({ levels: [...all.values()].map(figuresOf), fairFraction }));
  levels.configure([], []);
  return levels;
}

/** Objects that validation lets through and the server can not use are left out. */
const isWhole = ({ spec, metadata }: PriorityLevelConfiguration): boolean =>
  (spec.type === "Exempt") === (metadata.name === "exempt") &&
  (spec.type === "Exempt" ? spec.exempt !== undefined : spec.limited !== undefined);

function sharesOf({ spec }: PriorityLevelConfiguration): {
  readonly shares: number;
  readonly lendable: number;
  readonly borrowing: number | undefined;
} {
  const { limited, exempt } = spec;
  if (limited === undefined)
    return {
      shares: exempt?.nominalConcurrencyShares ?? 0,
      lendable: exempt?.lendablePercent ?? 0,
      borrowing: undefined,
    };
  return {
    shares: limited.nominalConcurrencyShares ?? 0,
    lendable: limited.lendablePercent ?? 0,
    borrowing: limited.borrowingLimitPercent,
  };
}

function queueConfigOf({ spec }: PriorityLevelConfiguration): QueueSetConfig {
  if (spec.type === "Exempt") return { queues: -1, queueLengthLimit: 0, handSize: 0 };
  const queuing = spec.limited?.limitResponse?.queuing;
  if (queuing === undefined) return { queues: 0, queueLengthLimit: 0, handSize: 0 };
  return {
    queues: queuing.queues ?? 64,
    queueLengthLimit: queuing.queueLengthLimit ?? 50,
    handSize: queuing.handSize ?? 8,
  };
}

const figuresOf = (level: Level): LevelFigures => {
  const { name, nominal, minimum, maximum, current, target, demand } = level;
  const { highWatermark, average, deviation, smoothed } = demand;
  return { name, nominal, minimum, maximum, current, target, highWatermark, average, deviation, smoothed };
};

const observerOf = (demand: SeatDemand): QueueSetObserver<FlowRequest> => ({
  queued({ note }, seats, queueLength) {
    const { stats } = note.schema;
    stats.waitingRequests++;
    stats.waitingSeats += seats;
    stats.queueLength.observe(queueLength);
  },
  dequeued({ note }, seats) {
    const { stats } = note.schema;
    stats.waitingRequests--;
    stats.waitingSeats -= seats;
  },
  executing({ note }, seats) {
    const { stats } = note.schema;
    stats.dispatched++;
    stats.executingRequests++;
    stats.executingSeats += seats;
  },
  executed({ note }) {
    note.schema.stats.executingRequests--;
  },
  released({ note }, seats) {
    note.schema.stats.executingSeats -= seats;
  },
  rejected: ({ schema }, reason) => void schema.stats.rejected[reason]++,
  noAccommodation: ({ schema }) => void schema.stats.noAccommodation++,
  demand: (seats) => demand.set(seats),
});

/** For flows whose schema tells none apart from others. */
export const flowOf = (schema: Schema, info: RequestInfo, user: UserInfo): string => {
  const { queues } = queueConfigOf(schema.level.object);
  return queues > 1 ? distinguisherOf(schema.object, info, user) : "";
};
