// The texts of refused requests. Upstream: apiserver's handlers/responsewriters/errors.go.
import { forbidden, StatusError } from "../../machinery/index.ts";
import type { AccessAttributes } from "../contract.ts";

const quote = JSON.stringify;

export function denied(attributes: AccessAttributes, reason: string): StatusError {
  const text = reason === "" ? sentence(attributes) : `${sentence(attributes)}: ${reason}`;
  const { status } = forbidden({ group: attributes.group, resource: attributes.resource }, attributes.name, text);
  // The text holds what the client sent: no browser may take it for anything but JSON.
  return new StatusError(status, { "x-content-type-options": "nosniff" });
}

function sentence(attributes: AccessAttributes): string {
  const { user, verb, group, namespace, subresource } = attributes;
  if (!attributes.resourceRequest) return `User ${quote(user.username)} cannot ${verb} path ${quote(attributes.path)}`;
  const resource = subresource === "" ? attributes.resource : `${attributes.resource}/${subresource}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${quote(namespace)}`;
  return `User ${quote(user.username)} cannot ${verb} resource ${quote(resource)} in API group ${quote(group)} ${where}`;
}
