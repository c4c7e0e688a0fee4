// Options of pods/log, exec, attach and port-forward: read from the query of the API's request, written into the query that
// the kubelet understands. Upstream: pkg/registry/core/pod/strategy.go, pkg/apis/core/validation ValidatePodLogOptions.

import type { Pod } from "../../api/index.ts";
import { badRequest, canonicalTime, type FieldError, field, invalid, TimeError } from "../../machinery/index.ts";

type Query = Readonly<URLSearchParams>;

/** Present and neither "false" nor "0", as upstream reads booleans of a query. */
export const flag = (query: Query, name: string): boolean => {
  const value = query.get(name);
  return value !== null && value.toLowerCase() !== "false" && value !== "0";
};

/** The container meant. Throws 400 with upstream's texts. */
export function containerOf(pod: Pod, asked: string | null): string {
  const { spec, metadata } = pod;
  const names = [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])].map(
    (container) => container.name,
  );
  if (asked) {
    if (names.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${metadata.name}`);
  }
  const [only, second] = spec.containers ?? [];
  if (only === undefined) throw badRequest(`a container name must be specified for pod ${metadata.name}`);
  if (second === undefined) return only.name;
  throw badRequest(`a container name must be specified for pod ${metadata.name}, choose one of: [${names.join(" ")}]`);
}

function integer(query: Query, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** As upstream names them; it lists them in random order. */
const logStreams = ["All", "Stderr", "Stdout"];

/** `splitStreams`: the gate PodLogsQuerySplitStreams. Throws 422 with upstream's texts. */
export function logQuery(podName: string, query: Query, { splitStreams = false } = {}): URLSearchParams {
  const tailLines = integer(query, "tailLines");
  const limitBytes = integer(query, "limitBytes");
  const sinceSeconds = integer(query, "sinceSeconds");
  const sinceTime = query.get("sinceTime");
  checkTime(sinceTime);
  const stream = query.get("stream");
  const errors: FieldError[] = [];
  if (tailLines !== undefined && tailLines < 0)
    errors.push(field.invalid("tailLines", tailLines, "must be greater than or equal to 0"));
  if (limitBytes !== undefined && limitBytes < 1)
    errors.push(field.invalid("limitBytes", limitBytes, "must be greater than 0"));
  if (sinceSeconds !== undefined && sinceTime)
    errors.push(field.forbidden("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  else if (sinceSeconds !== undefined && sinceSeconds < 1)
    errors.push(field.invalid("sinceSeconds", sinceSeconds, "must be greater than 0"));
  errors.push(...(splitStreams ? streamProblems(stream ?? "All", tailLines) : stream === null ? [] : [unasked]));
  if (errors.length > 0) throw invalid({ group: "", kind: "PodLogOptions" }, podName, errors);
  const out = new URLSearchParams();
  for (const name of ["follow", "previous", "timestamps"]) if (flag(query, name)) out.set(name, "true");
  for (const [name, value] of Object.entries({ sinceSeconds, tailLines, limitBytes }))
    if (value !== undefined) out.set(name, String(value));
  if (sinceTime) out.set("sinceTime", sinceTime);
  if (splitStreams) out.set("stream", stream ?? "All");
  out.sort();
  return out;
}

const unasked = field.forbidden("stream", "may not be specified");

function* streamProblems(stream: string, tailLines: number | undefined): Iterable<FieldError> {
  if (!logStreams.includes(stream)) yield field.notSupported("stream", stream, logStreams);
  if (stream !== "All" && tailLines !== undefined)
    yield field.forbidden("[]", "`tailLines` and specific `stream` are mutually exclusive for now");
}

const streamNames = { stdin: "input", stdout: "output", stderr: "error", tty: "tty" } as const;

/** Of exec and attach; `command` of exec alone. */
export function streamQuery(query: Query): URLSearchParams {
  const out = new URLSearchParams();
  for (const [name, kubeletName] of Object.entries(streamNames)) if (flag(query, name)) out.set(kubeletName, "1");
  for (const part of query.getAll("command")) out.append("command", part);
  out.sort();
  return out;
}

export function portForwardQuery(query: Query): URLSearchParams {
  const ports = query
    .getAll("ports")
    .flatMap((each) => each.split(","))
    .filter((each) => each !== "");
  const bad = ports.find((each) => !/^\d+$/.test(each));
  if (bad !== undefined) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(bad)}: invalid syntax`);
  return new URLSearchParams(ports.length > 0 ? { port: ports.join(",") } : {});
}

/** Throws StatusError 400 with Go's words for what is no time. */
function checkTime(text: string | null): void {
  if (!text) return;
  try {
    canonicalTime(text);
  } catch (error) {
    if (error instanceof TimeError) throw badRequest(error.message);
    throw error;
  }
}
