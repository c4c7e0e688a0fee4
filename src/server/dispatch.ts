// From request info to the verb that answers it: the routes of the resource API.
import { badRequest, methodNotSupported, notFound, notImplemented, StatusError } from "../machinery/index.ts";
import type { ServedResource } from "./catalog.ts";
import { type RequestContext, warn } from "./context.ts";
import type { Authorizer, ObjectReader } from "./contract.ts";
import type { Answer } from "./core.ts";
import { deprecationText } from "./deprecations.ts";
import { decodeBody, expectedOf } from "./registry/body.ts";
import { create } from "./registry/create.ts";
import { remove, removeCollection } from "./registry/delete.ts";
import { createOptions } from "./registry/options.ts";
import { checkPatchType, patch } from "./registry/patch/patch.ts";
import { matchNamespace, trackFields, wipeSystemFields } from "./registry/prepare.ts";
import { readComputed } from "./registry/read/computed.ts";
import { get } from "./registry/read/get.ts";
import { list } from "./registry/read/list.ts";
import { watch } from "./registry/read/watch.ts";
import { scale } from "./registry/scale.ts";
import { update } from "./registry/update.ts";
import type { VirtualKind } from "./registry/virtual.ts";
import type { RequestInfo } from "./request-info.ts";
import { type ConnectHandler, type ConnectTarget, connectSubresources } from "./streaming/connect.ts";
import { admitConnection } from "./streaming/connect-admission.ts";
import type { Connection } from "./streaming/connect-options.ts";

export const noRoute = (): StatusError =>
  new StatusError({
    code: 404,
    reason: "NotFound",
    message: "the server could not find the requested resource",
    details: {},
  });
export const wrongMethod = (): StatusError =>
  new StatusError({
    code: 405,
    reason: "MethodNotAllowed",
    message: "the server does not allow this method on the requested resource",
    details: {},
  });

/** Nothing is registered below such a path: the answer is the plain 404 page. */
export class NoSuchGroup extends Error {
  override readonly name = "NoSuchGroup";
}

export interface DispatchOptions {
  readonly virtual: ReadonlyMap<string, VirtualKind>;
  readonly connect: ConnectHandler | undefined;
  readonly reader: ObjectReader;
  readonly authorizer: Authorizer;
}

const verbOfMethod: Readonly<Record<string, string>> = {
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
  GET: "get",
};

/** Finds the served resource, or throws the 404 or 405 that upstream's routes give. */
export function route(context: RequestContext): ServedResource {
  const { info, request, core } = context;
  const resource = core.catalog.find(info.group, info.version, info.resource);
  if (resource === undefined) throw core.catalog.hasGroup(info.group) ? noRoute() : new NoSuchGroup();
  if (resource.custom !== undefined) return routeCustom(context, resource);
  const { kind } = resource;
  const named = nameInPath(info);
  const namespaceInPath = info.namespace !== "" && info.resource !== "namespaces";
  if (namespaceInPath && !kind.namespaced) throw noRoute();
  if (kind.namespaced && !namespaceInPath && named) throw noRoute();
  if (info.rest.length > 0 && info.subresource !== "proxy") throw noRoute();
  if (info.subresource !== "") {
    const subresource = kind.subresources.find((each) => each.name === info.subresource);
    if (subresource === undefined) throw noRoute();
    const verb = verbOfMethod[request.method];
    if (!(connectMethods[info.subresource]?.includes(request.method) ?? true)) throw wrongMethod();
    if (
      !connectSubresources.has(info.subresource) &&
      (verb === undefined || !(subresource.verbs as readonly string[]).includes(verb))
    )
      throw wrongMethod();
    return resource;
  }
  if (request.method === "HEAD" || verbOfMethod[request.method] === undefined) throw wrongMethod();
  if (kind.namespaced && !namespaceInPath && request.method !== "GET") throw wrongMethod();
  if (named && request.method === "POST") throw wrongMethod();
  if (!named && (request.method === "PUT" || request.method === "PATCH")) throw wrongMethod();
  checkVerb(context, resource, named);
  return resource;
}

/** How connections may be asked for, where not every method will do. */
const connectMethods: Readonly<Record<string, readonly string[]>> = {
  log: ["GET"],
  attach: ["GET", "POST"],
  exec: ["GET", "POST"],
  portforward: ["GET", "POST"],
};

const verbsAcrossNamespaces: ReadonlySet<string> = new Set(["list", "watch"]);

/** Custom kinds are not routes upstream: one handler finds out what is asked, and words what it refuses its own way. */
function routeCustom(context: RequestContext, resource: ServedResource): ServedResource {
  const { info, request } = context;
  const { kind, groupResource } = resource;
  const inNamespace = info.namespace !== "";
  if (kind.namespaced ? !inNamespace && !verbsAcrossNamespaces.has(info.verb) : inNamespace) throw new NoSuchGroup();
  for (const text of resource.custom?.warnings ?? []) warn(context, text);
  if (info.subresource !== "") {
    const subresource = kind.subresources.find((each) => each.name === info.subresource);
    if (subresource === undefined) throw notFound(groupResource, info.name);
    if (!(subresource.verbs as readonly string[]).includes(info.verb))
      throw methodNotSupported(groupResource, info.verb);
    return resource;
  }
  if (verbOfMethod[request.method] === undefined && request.method !== "HEAD")
    throw methodNotSupported(groupResource, info.verb);
  // The handler of custom resources, which no router stands before, asks for the type of a patch first.
  if (info.verb === "patch" && info.name === "") checkPatchType(context, resource);
  if ((info.verb === "update" || info.verb === "patch") && info.name === "") throw badRequest("name must be provided");
  return resource;
}

/** A name that came from the path, not from a field selector. */
const nameInPath = (info: RequestInfo): boolean =>
  info.name !== "" && info.verb !== "list" && info.verb !== "watch" && info.verb !== "deletecollection";

function checkVerb(context: RequestContext, resource: ServedResource, named: boolean): void {
  const { method } = context.request;
  const verb =
    method === "GET" && !named ? "list" : method === "DELETE" && !named ? "deletecollection" : verbOfMethod[method]!;
  if ((resource.kind.verbs as readonly string[]).includes(verb)) {
    if (context.info.verb === "watch" && !resource.kind.verbs.includes("watch")) {
      const deprecation = deprecationOf(resource);
      if (deprecation !== undefined) warn(context, deprecation);
      throw methodNotSupported(resource.groupResource, "watch");
    }
    return;
  }
  throw wrongMethod();
}

/** Undefined for kinds that are used without a warning. */
export const deprecationOf = ({ apiVersion, kind }: ServedResource): string | undefined =>
  deprecationText(apiVersion, kind.kind);

export function warnDeprecated(context: RequestContext, resource: ServedResource): void {
  const deprecation = deprecationOf(resource);
  if (deprecation !== undefined) warn(context, deprecation);
}

export async function dispatch(
  context: RequestContext,
  resource: ServedResource,
  options: DispatchOptions,
): Promise<Answer> {
  const { info } = context;
  warnDeprecated(context, resource);
  const { hooks } = resource;
  if (hooks?.computed !== undefined && info.subresource === "")
    return readComputed(context, resource, () => hooks.computed!());
  if (resource.kind.virtual === true && info.subresource === "") return createVirtual(context, resource, options);
  if (info.subresource !== "") return dispatchSubresource(context, resource, options);
  switch (info.verb) {
    case "get":
      return get(context, resource);
    case "list":
      return list(context, resource);
    case "watch":
      return watch(context, resource);
    case "create":
      return create(context, resource);
    case "update":
      return update(context, resource);
    case "patch":
      return patch(context, resource);
    case "delete":
      return remove(context, resource);
    case "deletecollection":
      return removeCollection(context, resource);
    default:
      throw wrongMethod();
  }
}

async function dispatchSubresource(
  context: RequestContext,
  resource: ServedResource,
  options: DispatchOptions,
): Promise<Answer> {
  const { info } = context;
  if (connectSubresources.has(info.subresource)) {
    if (options.connect === undefined) throw notImplemented(`${info.resource}/${info.subresource}`);
    const connection = await admitConnection(context, resource, connectPath(context));
    const target = connectTarget(context, resource, { reader: options.reader, connection });
    return { type: "response", response: await options.connect(target) };
  }
  const handler = resource.hooks?.subresources?.[info.subresource];
  if (handler !== undefined) return handler(context, resource);
  if (info.subresource === "scale") return scale(context, resource);
  const isPart = info.subresource === "status" || resource.rules.parts?.[info.subresource] !== undefined;
  if (!isPart && info.verb !== "get") throw notImplemented(`${info.resource}/${info.subresource}`);
  switch (info.verb) {
    case "get":
    case "watch":
    case "list":
      return get(context, resource);
    case "update":
      return update(context, resource);
    case "patch":
      return patch(context, resource);
    default:
      throw wrongMethod();
  }
}

/** What the path says after the subresource: admission is asked about it before the object is looked for. */
export function connectPath({ info }: RequestContext): string {
  const mark = `/${info.resource}/${info.name}/${info.subresource}`;
  const at = info.path.indexOf(mark);
  return at < 0 ? "" : info.path.slice(at + mark.length);
}

export function connectTarget(
  context: RequestContext,
  resource: ServedResource,
  { reader, connection }: { readonly reader: ObjectReader; readonly connection: Connection },
): ConnectTarget {
  const { info, request, user } = context;
  const plain = !info.name.includes(":");
  const object = plain ? reader.get(resource.kind, info.namespace, info.name) : undefined;
  if (plain && object === undefined) throw notFound(resource.groupResource, info.name);
  return {
    resource: info.resource as ConnectTarget["resource"],
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    path: connectPath(context),
    ...(connection.path === undefined ? {} : { changedPath: connection.path }),
    query: connection.query,
    splitStreams: context.core.featureEnabled("PodLogsQuerySplitStreams"),
    user,
    request,
    reader,
    object,
  };
}

async function createVirtual(
  context: RequestContext,
  resource: ServedResource,
  options: DispatchOptions,
): Promise<Answer> {
  const { core, user, info } = context;
  const { kind } = resource;
  const handler = resource.hooks?.subresources?.["create"];
  if (handler !== undefined) return handler(context, resource);
  const virtual = options.virtual.get(`${kind.group}/${kind.version}/${kind.resource}`);
  if (virtual === undefined) throw notImplemented(`${kind.resource}.${kind.group}`);
  const write = createOptions(context);
  const body = decodeBody(context, expectedOf(resource, write.fieldValidation));
  wipeSystemFields(body);
  matchNamespace(context, resource, body);
  trackFields(context, resource, { draft: body, old: undefined, manager: write.fieldManager, subresource: "" });
  const attributes = core.admission.attributes(context, resource, {
    operation: "CREATE",
    object: body,
    options: write.raw,
    dryRun: write.dryRun,
  });
  await core.admission.admit(attributes);
  await core.admission.validate(attributes);
  const value = await virtual.create(body, {
    user,
    namespace: info.namespace,
    authorizer: options.authorizer,
    reader: options.reader,
    clock: core.clock,
  });
  return { type: "value", status: 201, value };
}
