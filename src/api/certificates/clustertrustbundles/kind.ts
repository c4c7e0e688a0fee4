// ClusterTrustBundle: certificates.k8s.io/v1beta1 clustertrustbundles. Roots that pods may trust.
import type { ClusterTrustBundle } from "../../../../facts/types/certificates.v1beta1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { column, nameColumn, orElse } from "../../lib/columns.ts";

export const clusterTrustBundles = defineKind<ClusterTrustBundle>({
  group: "certificates.k8s.io",
  version: "v1beta1",
  kind: "ClusterTrustBundle",
  resource: "clustertrustbundles",
  singular: "clustertrustbundle",
  shortNames: [],
  categories: [],
  namespaced: false,
  featureGate: "ClusterTrustBundle",
  verbs: allVerbs,
  subresources: [],
  columns: [
    nameColumn,
    column(
      "SignerName",
      "signerName indicates the associated signer, if any.\n\nIn order to create or update a ClusterTrustBundle that sets signerName, you must have the following cluster-scoped permission: group=certificates.k8s.io resource=signers resourceName=<the signer name> verb=attest.\n\nIf signerName is not empty, then the ClusterTrustBundle object must be named with the signer name as a prefix (translating slashes to colons). For example, for the signer name `example.com/foo`, valid ClusterTrustBundle object names include `example.com:foo:abc` and `example.com:foo:v1`.\n\nIf signerName is empty, then the ClusterTrustBundle object's name must not have such a prefix.\n\nList/watch requests for ClusterTrustBundles can filter on this field using a `spec.signerName=NAME` field selector.",
      ({ spec }) => orElse(spec.signerName, "<none>"),
    ),
  ],
  selectableFields: { "spec.signerName": ({ spec }) => spec.signerName ?? "" },
});
