// Options of a connection as an object of their own kind: read from the query, and written back when admission has changed
// them. Upstream: k8s.io/api/core/v1 (PodExecOptions, …), pkg/registry/core/pod/rest.
import { createSchemas, type GroupVersionKind, type KubeObject, type Schema } from "../../machinery/index.ts";
import { flag } from "./pod-options.ts";

type Query = Readonly<URLSearchParams>;

const text: Schema = { t: "string" };
const yes: Schema = { t: "boolean" };
const streamFields = { stdin: yes, stdout: yes, stderr: yes, tty: yes, container: text };
const list = (i: Schema): Schema => ({ t: "array", i });
const options = (fields: Readonly<Record<string, Schema>>): Schema => ({
  t: "object",
  p: { kind: text, apiVersion: text, ...fields },
});

const definitions: Readonly<Record<string, Schema>> = {
  PodExecOptions: options({ ...streamFields, command: list(text) }),
  PodAttachOptions: options(streamFields),
  PodPortForwardOptions: options({ ports: list({ t: "integer", f: "int32" }) }),
  PodProxyOptions: options({ path: text }),
  ServiceProxyOptions: options({ path: text }),
  NodeProxyOptions: options({ path: text }),
};

/** They are no kinds of their own in the API's documents. */
export const connectSchemas = createSchemas(
  { kinds: Object.fromEntries(Object.keys(definitions).map((kind) => [`/v1/${kind}`, kind])), definitions },
  { PodExecOptions: { command: "n|[]string|" } },
);

export const isConnectKind = ({ group, version, kind }: GroupVersionKind): boolean =>
  group === "" && version === "v1" && definitions[kind] !== undefined;

const streamsOf = (query: Query): Record<string, unknown> => ({
  ...Object.fromEntries(
    ["stdin", "stdout", "stderr", "tty"].filter((name) => flag(query, name)).map((name) => [name, true]),
  ),
  ...(query.get("container") ? { container: query.get("container") } : {}),
});

const proxied = (path: string): Record<string, unknown> => (path === "" ? {} : { path });

function portsOf(query: Query): Record<string, unknown> {
  const ports = query.getAll("ports").flatMap((each) => each.split(",").filter((port) => /^\d+$/.test(port)));
  return ports.length === 0 ? {} : { ports: ports.map(Number) };
}

function fieldsOf(kind: string, query: Query, path: string): Record<string, unknown> {
  switch (kind) {
    case "PodExecOptions":
      return { ...streamsOf(query), command: query.has("command") ? query.getAll("command") : null };
    case "PodAttachOptions":
      return streamsOf(query);
    case "PodPortForwardOptions":
      return portsOf(query);
    default:
      return proxied(path);
  }
}

const kinds: Readonly<Record<string, string>> = {
  "pods/exec": "PodExecOptions",
  "pods/attach": "PodAttachOptions",
  "pods/portforward": "PodPortForwardOptions",
  "pods/proxy": "PodProxyOptions",
  "services/proxy": "ServiceProxyOptions",
  "nodes/proxy": "NodeProxyOptions",
};

/** `of`: resource and subresource, `pods/exec`. Undefined for what is no connection, such as reading a log. */
export function connectOptions(of: string, query: Query, path: string): KubeObject | undefined {
  const kind = kinds[of];
  if (kind === undefined) return undefined;
  return { kind, apiVersion: "v1", ...fieldsOf(kind, query, path) } as KubeObject;
}

/** What is asked for: by the client, or by admission in its place. */
export interface Connection {
  readonly query: URLSearchParams;
  /** Only when admission has changed it: behind `proxy`, with its slash. */
  readonly path?: string;
}

/** The query that says the same as `options`; a proxied request keeps the query that is its backend's. */
export function connectionOf(options: KubeObject, query: URLSearchParams): Connection {
  const { kind, apiVersion: _, ...fields } = options as unknown as Record<string, unknown> & { kind: string };
  if (kind.endsWith("ProxyOptions")) return { query, path: (fields["path"] as string | undefined) ?? "" };
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(fields))
    for (const each of Array.isArray(value) ? value : [value]) if (each !== null) out.append(name, String(each));
  return { query: out };
}
