// /debug/api_priority_and_fairness/…: what the queues hold, as tables of text. Upstream: apf_controller_debug.go.
import type { Clock } from "../../base/index.ts";
import { formatApiVersion, formatGoDuration } from "../../machinery/index.ts";
import { type DocumentRoute, textResponse } from "../documents/documents.ts";
import type { FlowRequest, Levels } from "./levels.ts";
import type { QueuedRequest } from "./queue-set.ts";

const root = "/debug/api_priority_and_fairness";

export function fairnessRoutes(levels: Levels, clock: Clock): DocumentRoute[] {
  const route = (name: string, rows: (query: URLSearchParams) => string[][]): DocumentRoute => ({
    path: `${root}/${name}`,
    hidden: true,
    handler: ({ query }) => {
      const { "x-content-type-options": _, ...headers } = textResponse(200, "").headers;
      return { ...textResponse(200, table(rows(query))), headers };
    },
  });
  return [
    route("dump_priority_levels", () => priorityLevelRows(levels)),
    route("dump_queues", () => queueRows(levels)),
    route("dump_requests", (query) => requestRows(levels, clock, (query.get("includeRequestDetails") ?? "") !== "")),
  ];
}

/** Cells as wide as the widest of their column, eight characters at least; commas belong to the cells. */
function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 8, cell.length + 2);
    });
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === row.length - 1 ? cell : `${cell},`.padEnd(widths[column]!))).join("");
  return rows.map((row) => `${line(row)}\n`).join("");
}

const levelColumns = [
  "PriorityLevelName",
  "ActiveQueues",
  "IsIdle",
  "IsQuiescing",
  "WaitingRequests",
  "ExecutingRequests",
  "DispatchedRequests",
  "RejectedRequests",
  "TimedoutRequests",
  "CancelledRequests",
];

function priorityLevelRows(levels: Levels): string[][] {
  const sorted = [...levels.all.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  const rows = sorted.map(({ name, queues, quiescing }) => {
    const dump = queues.dump();
    return [
      name,
      dump.queues.filter(({ waiting }) => waiting.length > 0).length,
      queues.idle,
      quiescing,
      dump.waiting,
      dump.executing,
      dump.dispatched,
      dump.rejected,
      dump.timedOut,
      dump.cancelled,
    ].map(String);
  });
  return [levelColumns, ...rows];
}

const queueColumns = [
  "PriorityLevelName",
  "Index",
  "PendingRequests",
  "ExecutingRequests",
  "SeatsInUse",
  "NextDispatchR",
  "InitialSeatsSum",
  "MaxSeatsSum",
  "TotalWorkSum",
];

const seatSeconds = (seatMs: number): string => `${(seatMs / 1000).toFixed(8)}ss`;

function queueRows(levels: Levels): string[][] {
  const rows = [...levels.all.values()].flatMap(({ name, queues }) =>
    queues
      .dump()
      .queues.map((queue, index) =>
        [
          name,
          index,
          queue.waiting.length,
          queue.executing.length,
          queue.seatsInUse,
          seatSeconds(queue.nextDispatchR),
          queue.initialSeatsSum,
          queue.maxSeatsSum,
          seatSeconds(queue.totalWorkSum),
        ].map(String),
      ),
  );
  return [queueColumns, ...rows];
}

const requestColumns = [
  "PriorityLevelName",
  "FlowSchemaName",
  "QueueIndex",
  "RequestIndexInQueue",
  // So it is spelled upstream.
  "FlowDistingsher",
  "ArriveTime",
  "InitialSeats",
  "FinalSeats",
  "AdditionalLatency",
  "StartTime",
];
const detailColumns = ["UserName", "Verb", "APIPath", "Namespace", "Name", "APIVersion", "Resource", "SubResource"];

function requestRows(levels: Levels, clock: Clock, details: boolean): string[][] {
  const offset = clock.now() - clock.monotonic();
  const time = (monotonicMs: number): string => new Date(offset + monotonicMs).toISOString().replace(/\.?0*Z$/, "Z");
  const rows: string[][] = [];
  for (const { name, queues } of levels.all.values()) {
    const dump = queues.dump();
    const add = (queue: number, position: number, request: QueuedRequest<FlowRequest>): void => {
      const { schema, distinguisher, arrival } = request.note;
      const { info, user } = arrival;
      const { initialSeats, finalSeats, additionalLatencyMs } = request.work;
      const started = request.state === "waiting" ? "0001-01-01T00:00:00Z" : time(request.startedMs);
      const row = [name, schema.name, queue, position, distinguisher, time(request.arrivedMs)];
      row.push(initialSeats, finalSeats, formatGoDuration(additionalLatencyMs), started);
      if (details)
        row.push(
          user.username,
          info.verb,
          info.path,
          info.namespace,
          info.name,
          info.isResource ? formatApiVersion(info) : "",
          info.resource,
          info.subresource,
        );
      rows.push(row.map(String));
    };
    dump.queues.forEach((queue, index) => {
      for (const [position, request] of queue.waiting.entries()) add(index, position, request);
      for (const request of queue.executing) add(index, -1, request);
    });
    for (const request of dump.queueless) add(-1, -1, request);
  }
  return [details ? [...requestColumns, ...detailColumns] : requestColumns, ...rows];
}
