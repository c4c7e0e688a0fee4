// Tokens that a kubelet asks for: bound to a pod of its own, and for an audience that the pod's volumes name (KEP-4935), unless
// the node is allowed to ask for others.

import {
  csiDrivers,
  type KindDefinition,
  type Pod,
  persistentVolumeClaims,
  persistentVolumes,
  type TokenRequest,
} from "../../../../api/index.ts";
import { type KubeObject, notFound, StatusError } from "../../../../machinery/index.ts";
import { type NodeRequest, podOf } from "./request.ts";

export async function checkTokenRequest(request: NodeRequest): Promise<void> {
  const { attributes, nodeName, refuse } = request;
  const { spec } = attributes.object as TokenRequest;
  const ref = spec?.boundObjectRef;
  if (ref?.apiVersion !== "v1" || ref.kind !== "Pod" || !ref.name)
    throw refuse("node requested token not bound to a pod");
  if (!ref.uid) throw refuse("node requested token with a pod binding without a uid");
  const pod = podOf(request, ref.name);
  if (ref.uid !== pod.metadata.uid)
    throw refuse(
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  if (pod.spec.nodeName !== nodeName) throw refuse("node requested token bound to a pod scheduled on a different node");
  const audiences = spec.audiences ?? [];
  if (audiences.length > 1) throw refuse("node may only request 0 or 1 audiences");
  await checkAudience(request, pod, audiences[0] ?? "");
}

async function checkAudience({ attributes, host, refuse }: NodeRequest, pod: Pod, audience: string): Promise<void> {
  const faults: string[] = [];
  if (podNamesAudience(host.reader, pod, audience, faults)) return;
  const quoted = JSON.stringify(audience);
  if (faults.length > 0)
    throw refuse(`error validating audience ${quoted}: ${faults.length === 1 ? faults[0] : `[${faults.join(", ")}]`}`);
  const { username } = attributes.user;
  const answer = await host.authorizer.authorize({
    user: attributes.user,
    verb: "request-serviceaccounts-token-audience",
    resourceRequest: true,
    group: "",
    version: "v1",
    resource: audience,
    subresource: "",
    namespace: attributes.namespace,
    name: attributes.name,
    path: "",
  });
  if (answer.decision === "allow") return;
  throw refuse(
    answer.error
      ? `audience ${quoted} not found in pod spec volume, error authorizing ${username} to request tokens for this audience: ${answer.error}`
      : `audience ${quoted} not found in pod spec volume, ${username} is not authorized to request tokens for this audience`,
  );
}

/** By a projected token, or by a CSI driver that one of its volumes leads to. */
function podNamesAudience(
  reader: NodeRequest["host"]["reader"],
  pod: Pod,
  audience: string,
  faults: string[],
): boolean {
  const find = <T extends KubeObject>(kind: KindDefinition<T>, namespace: string, name: string): T => {
    const found = reader.get(kind, namespace, name);
    if (found === undefined) throw notFound({ group: kind.group, resource: kind.singular }, name);
    return found;
  };
  const driverOfClaim = (name: string): string | undefined => {
    const claim = find(persistentVolumeClaims, pod.metadata.namespace ?? "", name);
    return find(persistentVolumes, "", claim.spec.volumeName ?? "").spec.csi?.driver;
  };
  for (const volume of pod.spec.volumes ?? []) {
    if (
      (volume.projected?.sources ?? []).some(
        ({ serviceAccountToken: token }) => token && (token.audience ?? "") === audience,
      )
    )
      return true;
    try {
      const claimName = volume.ephemeral
        ? `${pod.metadata.name}-${volume.name}`
        : volume.persistentVolumeClaim?.claimName;
      const driver = claimName === undefined ? volume.csi?.driver : driverOfClaim(claimName);
      if (driver && find(csiDrivers, "", driver).spec.tokenRequests?.some((each) => each.audience === audience))
        return true;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      faults.push(error.message);
    }
  }
  return false;
}
