// How extension servers learn whom to trust: content of the ConfigMap kube-system/extension-apiserver-authentication.
// Upstream: pkg/controlplane/controller/clusterauthenticationtrust.
import type { RequestHeaderOptions } from "../../server/index.ts";
import type { TlsMaterial } from "../../server/node/index.ts";

export function extensionAuthentication(
  { clientCA, requestHeaderCA }: Pick<TlsMaterial, "clientCA" | "requestHeaderCA">,
  requestHeader: RequestHeaderOptions | undefined,
): Record<string, string> {
  return {
    ...(clientCA ? { "client-ca-file": clientCA } : {}),
    ...(requestHeaderCA && requestHeader
      ? {
          "requestheader-client-ca-file": requestHeaderCA,
          "requestheader-allowed-names": JSON.stringify(requestHeader.allowedNames),
          "requestheader-username-headers": JSON.stringify(requestHeader.usernameHeaders),
          "requestheader-uid-headers": JSON.stringify(requestHeader.uidHeaders),
          "requestheader-group-headers": JSON.stringify(requestHeader.groupHeaders),
          "requestheader-extra-headers-prefix": JSON.stringify(requestHeader.extraHeaderPrefixes),
        }
      : {}),
  };
}
