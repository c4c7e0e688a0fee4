// Users by client certificate.
import type { PeerInfo, UserInfo } from "../../machinery/index.ts";
import type { Authenticated } from "../contract.ts";

/**
 * The user of a client certificate: common name, organizations as groups, and the certificate's fingerprint as credential id.
 * A connection is asked again with every request, so its user is kept for as long as the certificate's bytes live.
 * Upstream: k8s.io/apiserver authentication/request/x509 CommonNameUserConversion.
 */
export function clientCertificates(): (peer: PeerInfo) => Promise<Authenticated | undefined> {
  const known = new WeakMap<Uint8Array, Authenticated>();
  return async ({ certificate }) => {
    if (certificate === undefined || certificate.commonName === "") return undefined;
    if (certificate.authorities !== undefined && !certificate.authorities.includes("client")) return undefined;
    let found = known.get(certificate.raw);
    if (found === undefined) {
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(certificate.raw)));
      const fingerprint = digest.reduce((text, byte) => text + byte.toString(16).padStart(2, "0"), "");
      const user: UserInfo = {
        username: certificate.commonName,
        ...(certificate.uid === undefined ? {} : { uid: certificate.uid }),
        groups: certificate.organizations,
        extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${fingerprint}`] },
      };
      known.set(certificate.raw, (found = { user }));
    }
    return found;
  };
}
