// A node's request as the rules of NodeRestriction see it.
import { type Pod, pods } from "../../../../api/index.ts";
import { notFound, type StatusError } from "../../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost } from "../../../contract.ts";

export const mirrorAnnotation = "kubernetes.io/config.mirror";

/** What every rule gets. */
export interface NodeRequest {
  readonly nodeName: string;
  readonly attributes: AdmissionAttributes;
  readonly host: Pick<AdmissionHost, "reader" | "authorizer" | "featureEnabled">;
  refuse(why: string): StatusError;
}

/** The pod of the request, or the 404 that the request would end in. */
export function podOf({ attributes, host }: NodeRequest, name: string): Pod {
  const pod = host.reader.get(pods, attributes.namespace, name);
  // Upstream asks its informer's lister here, which names the resource in the singular.
  if (pod === undefined) throw notFound({ group: "", resource: "pod" }, name);
  return pod;
}
