// Whether who asks may.
import { denied } from "../authz/forbidden.ts";
import { selectorAttributes } from "../authz/selector-attributes.ts";
import type { RequestContext } from "../context.ts";
import type { AccessAttributes, Authorizer } from "../contract.ts";

/** An authorizer could not tell: its error is for the client to see. Upstream: filters/authorization.go. */
export class NotDecided extends Error {
  override readonly name = "NotDecided";
}

/** Throws StatusError 403, or NotDecided. The decision is noted for the audit. */
export async function authorize(authorizer: Authorizer, context: RequestContext): Promise<void> {
  const attributes = attributesOf(context);
  const { decision, reason, error } = await authorizer.authorize(attributes);
  if (decision !== "allow" && error !== undefined) {
    context.annotations.set("authorization.k8s.io/reason", "internal error");
    throw new NotDecided(error);
  }
  context.annotations.set("authorization.k8s.io/decision", decision === "allow" ? "allow" : "forbid");
  context.annotations.set("authorization.k8s.io/reason", reason);
  if (decision !== "allow") throw denied(attributes, reason);
}

export function attributesOf({ info, user, query }: RequestContext): AccessAttributes {
  return {
    user,
    verb: info.verb,
    resourceRequest: info.isResource,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    path: info.path,
    ...(info.verb === "list" || info.verb === "watch" || info.verb === "deletecollection"
      ? selectorAttributes(query)
      : {}),
  };
}
