// Who publishes a signer's trust bundle must be allowed to speak for the signer.
// Upstream: plugin/pkg/admission/certificates/ctbattest.
import { deepEqual, type KubeObject } from "../../../../machinery/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { maySpeakFor } from "../../../signers.ts";
import { draftOf, refuse } from "../../framework.ts";

type Bundle = KubeObject & { readonly spec?: { readonly signerName?: string } };

export const createClusterTrustBundleAttest = (host: AdmissionHost): AdmissionPlugin => ({
  name: "ClusterTrustBundleAttest",
  handles: ({ operation, kind }) =>
    (operation === "CREATE" || operation === "UPDATE") &&
    kind.group === "certificates.k8s.io" &&
    kind.resource === "clustertrustbundles" &&
    host.featureEnabled("ClusterTrustBundle"),
  async validate(attributes) {
    const bundle = draftOf<Bundle>(attributes);
    const signer = bundle.spec?.signerName ?? "";
    if (signer === "") return;
    if (attributes.operation === "UPDATE" && changesGarbageCollectionOnly(bundle, attributes.oldObject)) return;
    if (!(await maySpeakFor(host.authorizer, { user: attributes.user, verb: "attest", signer })))
      throw refuse(attributes, `user not permitted to attest for signerName ${JSON.stringify(signer)}`);
  },
});

function changesGarbageCollectionOnly(now: Bundle, before: KubeObject | undefined): boolean {
  if (before === undefined) return false;
  const plain = ({ metadata, ...rest }: KubeObject): unknown => {
    const { ownerReferences, finalizers, managedFields, ...kept } = metadata;
    return { ...rest, metadata: kept };
  };
  return deepEqual(plain(now), plain(before));
}
