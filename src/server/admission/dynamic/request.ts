// The request as webhooks and expressions see it: AdmissionRequest of admission.k8s.io.
// Upstream: webhook/request/admissionreview.go, admission/plugin/cel CreateAdmissionRequest.
import type { AdmissionAttributes } from "../../contract.ts";
import type { Match } from "./rules.ts";

const optionsKinds: Readonly<Record<string, string>> = {
  CREATE: "CreateOptions",
  UPDATE: "UpdateOptions",
  DELETE: "DeleteOptions",
};

/** A patch is an update or a create by the time it is admitted. */
function optionsOf({ operation, options }: AdmissionAttributes): Readonly<Record<string, unknown>> | null {
  const kind = optionsKinds[operation];
  if (kind === undefined) return null;
  const { force: _, ...rest } = options;
  return { ...(operation === "DELETE" ? options : rest), kind, apiVersion: "meta.k8s.io/v1" };
}

/** Without uid and objects; fields in the order that upstream writes them. */
export function admissionRequest(attributes: AdmissionAttributes, match: Match): Record<string, unknown> {
  const { kind, subresource, name, namespace, operation, user, dryRun, bodyKind } = attributes;
  const { uid = "", username, groups, extra } = user;
  return {
    kind: { group: match.kind.group, version: match.kind.version, kind: match.kind.kind },
    resource: {
      group: match.resource.group,
      version: match.resource.version,
      resource: match.resource.resource,
    },
    ...(subresource === "" ? {} : { subResource: subresource }),
    requestKind: { group: bodyKind.group, version: bodyKind.version, kind: bodyKind.kind },
    requestResource: { group: kind.group, version: kind.version, resource: kind.resource },
    ...(subresource === "" ? {} : { requestSubResource: subresource }),
    ...(name === "" ? {} : { name }),
    ...(namespace === "" ? {} : { namespace }),
    operation,
    userInfo: {
      ...(username === "" ? {} : { username }),
      ...(uid === "" ? {} : { uid }),
      ...(groups.length === 0 ? {} : { groups }),
      ...(extra === undefined || Object.keys(extra).length === 0 ? {} : { extra }),
    },
    dryRun,
    options: optionsOf(attributes),
  };
}
