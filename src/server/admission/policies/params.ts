// Parameters of a binding. Upstream: admission/plugin/policy/generic/policy_dispatcher.go CollectParams.
import type { ParamRef } from "../../../api/index.ts";
import { type KubeObject, labelSelectorMatcher } from "../../../machinery/index.ts";
import type { ServedResource } from "../../catalog.ts";
import type { AdmissionHost } from "../../contract.ts";

/** The binding can not be used; the message is what the client reads behind "failed to configure binding: ". */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

export interface ParamQuery {
  /** Undefined when the policy has no paramKind. */
  readonly resource: ServedResource | undefined;
  readonly reference: ParamRef | undefined;
  /** Of the request. */
  readonly namespace: string;
}

/** One undefined for a policy without parameters; none when there are none and that is fine. Throws ConfigurationError. */
export async function collectParams(
  host: AdmissionHost,
  { resource, reference, namespace }: ParamQuery,
): Promise<readonly (KubeObject | undefined)[]> {
  if (resource === undefined || reference === undefined || reference === null) return [undefined];
  const where = namespaceOf(resource, reference, namespace);
  const found = await find(host, { resource, reference, where });
  if (found.length === 0 && reference.parameterNotFoundAction === "Deny")
    throw new ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction");
  return found;
}

function namespaceOf({ kind }: ServedResource, { namespace: own = "" }: ParamRef, ofRequest: string): string {
  if (!kind.namespaced) {
    if (own !== "")
      throw new ConfigurationError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
    return "";
  }
  const namespace = own || ofRequest;
  if (namespace === "")
    throw new ConfigurationError(
      "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources",
    );
  return namespace;
}

interface Query {
  readonly resource: ServedResource;
  readonly reference: ParamRef;
  readonly where: string;
}

async function find({ objects }: AdmissionHost, { resource, reference, where }: Query): Promise<readonly KubeObject[]> {
  const { name = "", selector } = reference;
  if (name !== "") {
    const param = await objects.get(resource, where, name);
    return param === undefined ? [] : [param];
  }
  if (selector === undefined || selector === null)
    throw new ConfigurationError("one of name or selector must be provided");
  const matcher = labelSelectorMatcher(selector);
  return (await objects.list(resource, where)).filter(({ metadata }) => matcher.matches(metadata.labels ?? {}));
}
