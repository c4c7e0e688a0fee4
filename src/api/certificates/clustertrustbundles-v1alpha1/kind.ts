// ClusterTrustBundle: certificates.k8s.io/v1alpha1 clustertrustbundles. The same as v1beta1.
import type { ClusterTrustBundle } from "../../../../facts/types/certificates.v1alpha1.ts";
import type { ClusterTrustBundle as Stored } from "../../../../facts/types/certificates.v1beta1.ts";
import { kindInVersion } from "../../lib/other-version.ts";
import { clusterTrustBundles } from "../clustertrustbundles/kind.ts";

export const clusterTrustBundlesV1alpha1 = kindInVersion<Stored, ClusterTrustBundle>(clusterTrustBundles, "v1alpha1");
