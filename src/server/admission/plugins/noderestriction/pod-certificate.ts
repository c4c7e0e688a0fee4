// A kubelet asks for certificates of pods that run on its node, as what these are. Upstream: plugin/pkg/admission/noderestriction
// admitPodCertificateRequest. What may be the cache's delay is a server error, so that the kubelet tries again.
import { nodes, type PodCertificateRequest, pods, serviceAccounts } from "../../../../api/index.ts";
import { notFound, StatusError } from "../../../../machinery/index.ts";
import { mirrorAnnotation, type NodeRequest } from "./request.ts";

const quote = JSON.stringify;

const lagging = (message: string): StatusError => new StatusError({ code: 500, message });

export function checkPodCertificateRequest({ attributes, nodeName, host, refuse }: NodeRequest): void {
  const { operation, subresource, namespace } = attributes;
  if (!host.featureEnabled("PodCertificateRequest")) throw refuse("PodCertificateRequest feature gate is disabled");
  if (operation !== "CREATE") throw refuse(`unexpected operation ${operation}`);
  if (subresource !== "") throw refuse(`unexpected subresource ${subresource}`);
  const { spec } = attributes.object as PodCertificateRequest;
  if (spec.nodeName !== nodeName)
    throw refuse(
      `PodCertificateRequest.Spec.NodeName=${quote(spec.nodeName)}, which is not the requesting node ${quote(nodeName)}`,
    );
  const podName = quote(`${namespace}/${spec.podName}`);
  const missing = (what: string, kind: string, name: string): StatusError =>
    lagging(
      `while retrieving ${what} named in the PodCertificateRequest: ${notFound({ group: "", resource: kind }, name).message}`,
    );

  const node = host.reader.get(nodes, "", spec.nodeName);
  if (node === undefined) throw missing(`node ${quote(spec.nodeName)}`, "node", spec.nodeName);
  if (node.metadata.uid !== spec.nodeUID)
    throw lagging(
      `PodCertificateRequest for pod ${podName} names node UID ${quote(spec.nodeUID)}, inconsistent with the running node (${quote(node.metadata.uid)})`,
    );

  const pod = host.reader.get(pods, namespace, spec.podName);
  if (pod === undefined) throw missing(`pod ${podName}`, "pod", spec.podName);
  if (spec.podUID !== pod.metadata.uid)
    throw lagging(
      `PodCertificateRequest for pod ${podName} contains pod UID (${quote(spec.podUID)}) which differs from running pod ${quote(pod.metadata.uid)}`,
    );
  if (pod.spec.nodeName !== spec.nodeName)
    throw refuse(`pod ${podName} is not running on node ${quote(spec.nodeName)} named in the PodCertificateRequest`);
  if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined) throw refuse(`pod ${podName} is a mirror pod`);

  const { serviceAccountName: account } = spec;
  if (account !== (pod.spec.serviceAccountName ?? ""))
    throw refuse(
      `PodCertificateRequest for pod ${podName} contains serviceAccountName (${quote(account)}) that differs from running pod (${quote(pod.spec.serviceAccountName ?? "")})`,
    );
  const found = host.reader.get(serviceAccounts, namespace, account);
  if (found === undefined)
    throw missing(`service account ${quote(`${namespace}/${account}`)}`, "serviceaccount", account);
  if (spec.serviceAccountUID !== found.metadata.uid)
    throw lagging(
      `PodCertificateRequest for pod ${podName} names service account UID ${quote(spec.serviceAccountUID)}, which differs from the running service account (${quote(found.metadata.uid)})`,
    );
}
