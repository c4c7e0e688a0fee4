// Admission of connections: what is admitted is the options of the request, as an object of their own kind.
// Upstream: apiserver's handlers/rest.go ConnectResource.
import { deepClone, deepEqual } from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import { queryOf, type RequestContext } from "../context.ts";
import { type Connection, connectionOf, connectOptions } from "./connect-options.ts";

/** What to connect to, as admission left it. Throws what admission throws. Reading a log is no connection. */
export async function admitConnection(
  context: RequestContext,
  resource: ServedResource,
  path: string,
): Promise<Connection> {
  const { core, info } = context;
  const query = queryOf(context.request);
  const object = connectOptions(`${info.resource}/${info.subresource}`, query, path);
  if (object === undefined) return { query };
  const asked = deepClone(object);
  const attributes = core.admission.attributes(context, resource, {
    operation: "CONNECT",
    object,
    options: {},
    dryRun: false,
    name: info.name,
    bodyKind: { group: "", version: "v1", kind: object.kind },
  });
  await core.admission.admit(attributes);
  await core.admission.validate(attributes);
  return deepEqual(asked, object) ? { query } : connectionOf(object, query);
}
