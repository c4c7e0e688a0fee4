// How the API server serves ClusterTrustBundle of v1alpha1: by the rules of v1beta1.
import type { ClusterTrustBundle } from "../../../../facts/types/certificates.v1alpha1.ts";
import type { ClusterTrustBundle as Stored } from "../../../../facts/types/certificates.v1beta1.ts";
import { rulesInVersion } from "../../lib/other-version.ts";
import { clusterTrustBundleRules } from "../clustertrustbundles/serve.ts";

export const clusterTrustBundleV1alpha1Rules = rulesInVersion<Stored, ClusterTrustBundle>(clusterTrustBundleRules, {
  stored: "certificates.k8s.io/v1beta1",
  served: "certificates.k8s.io/v1alpha1",
});
