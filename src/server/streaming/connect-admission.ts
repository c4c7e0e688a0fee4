// Admission of connections: what is admitted is the options of the request, as an object of their own kind.
// Upstream: apiserver's handlers/rest.go ConnectResource, k8s.io/api/core/v1 (PodExecOptions, …).
import type { KubeObject } from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import type { RequestContext } from "../context.ts";
import { flag } from "./pod-options.ts";

type Query = Readonly<URLSearchParams>;
type Fields = (query: Query, path: string) => Record<string, unknown>;

const streams: Fields = (query) => ({
  ...Object.fromEntries(
    ["stdin", "stdout", "stderr", "tty"].filter((name) => flag(query, name)).map((name) => [name, true]),
  ),
  ...(query.get("container") ? { container: query.get("container") } : {}),
});

const proxied: Fields = (_query, path) => (path === "" ? {} : { path });

const optionsOf: Readonly<Record<string, readonly [kind: string, fields: Fields]>> = {
  "pods/exec": [
    "PodExecOptions",
    (query, path) => ({ ...streams(query, path), command: query.has("command") ? query.getAll("command") : null }),
  ],
  "pods/attach": ["PodAttachOptions", streams],
  "pods/portforward": [
    "PodPortForwardOptions",
    (query) => {
      const ports = query.getAll("ports").flatMap((each) => each.split(",").filter((port) => /^\d+$/.test(port)));
      return ports.length === 0 ? {} : { ports: ports.map(Number) };
    },
  ],
  "pods/proxy": ["PodProxyOptions", proxied],
  "services/proxy": ["ServiceProxyOptions", proxied],
  "nodes/proxy": ["NodeProxyOptions", proxied],
};

/** Throws what admission throws. Reading a log is no connection. */
export async function admitConnection(context: RequestContext, resource: ServedResource, path: string): Promise<void> {
  const { core, info, query } = context;
  const found = optionsOf[`${info.resource}/${info.subresource}`];
  if (found === undefined) return;
  const [kind, fields] = found;
  const object = { kind, apiVersion: "v1", ...fields(query, path) } as unknown as KubeObject;
  const attributes = core.admission.attributes(context, resource, {
    operation: "CONNECT",
    object,
    options: {},
    dryRun: false,
    name: info.name,
    bodyKind: { group: "", version: "v1", kind },
  });
  await core.admission.admit(attributes);
  await core.admission.validate(attributes);
}
