// What the controllers of certificate requests share: who may get which certificate, and the seam to whoever can read and sign.
// Upstream: pkg/apis/certificates/helpers.go, pkg/controller/certificates.
import type { CertificateSigningRequest } from "../../api/index.ts";
import type { ControllerContext } from "./context.ts";

/** A PKCS#10 request, as far as these rules look. */
export interface RequestedCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

/** `options.certificates` of the controllers: reading needs nothing, signing an authority's key. All texts are PEM. */
export interface CertificateTools {
  /** Throws for what is no request, or is not signed by its own key. */
  read(request: string): Promise<RequestedCertificate>;
  /** End of the first certificate's validity, milliseconds; undefined for what is none. */
  endOf(certificate: string): Promise<number | undefined>;
  /** Who signs requests for a signer; without it, or one, such requests are left alone. */
  readonly authorityOf?: (signerName: string) => CertificateAuthority | undefined;
}

export interface CertificateAuthority {
  /** Longest life of a certificate (--cluster-signing-duration). */
  readonly longestMs: number;
  sign(of: { readonly request: string; readonly usages: readonly string[]; readonly lifeMs: number }): Promise<string>;
}

export const certificateTools = (context: ControllerContext): CertificateTools | undefined =>
  context.options["certificates"] as CertificateTools | undefined;

export const signers = {
  kubeletServing: "kubernetes.io/kubelet-serving",
  kubeletClient: "kubernetes.io/kube-apiserver-client-kubelet",
  apiServerClient: "kubernetes.io/kube-apiserver-client",
  legacyUnknown: "kubernetes.io/legacy-unknown",
} as const;

type Rule = (request: RequestedCertificate, usages: readonly string[]) => string | undefined;

const matches = (usages: readonly string[], purpose: string): boolean => {
  const given = new Set(usages);
  const needed = ["digital signature", purpose];
  const size = given.has("key encipherment") ? 3 : 2;
  return given.size === size && needed.every((each) => given.has(each));
};

const ofNodes: Rule = ({ organizations }) =>
  organizations.length === 1 && organizations[0] === "system:nodes"
    ? undefined
    : "subject organization is not system:nodes";

const ofNode: Rule = ({ commonName }) =>
  commonName.startsWith("system:node:") ? undefined : "subject common name does not begin with system:node:";

/** Why a kubelet's client certificate is refused; undefined when it is as it must be. */
export const kubeletClientProblem: Rule = (request, usages) => {
  const organization = ofNodes(request, usages);
  if (organization !== undefined) return organization;
  if (request.dnsNames.length > 0) return "DNS subjectAltNames are not allowed";
  if (request.emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
  if (request.ipAddresses.length > 0) return "IP subjectAltNames are not allowed";
  if (request.uris.length > 0) return "URI subjectAltNames are not allowed";
  const name = ofNode(request, usages);
  if (name !== undefined) return name;
  return matches(usages, "client auth")
    ? undefined
    : "usages did not match [client auth digital signature key encipherment]";
};

const kubeletServingProblem: Rule = (request, usages) => {
  const organization = ofNodes(request, usages);
  if (organization !== undefined) return organization;
  if (request.dnsNames.length + request.ipAddresses.length === 0) return "DNS or IP subjectAltName is required";
  if (request.emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
  if (request.uris.length > 0) return "URI subjectAltNames are not allowed";
  if (!matches(usages, "server auth")) return "usages did not match [digital signature key encipherment server auth]";
  return ofNode(request, usages);
};

const apiServerClientProblem: Rule = (_, usages) => {
  const wrong = usages.find((each) => !["digital signature", "key encipherment", "client auth"].includes(each));
  if (wrong !== undefined) return `invalid usage for client certificate: ${wrong}`;
  return usages.includes("client auth") ? undefined : "missing required usage for client certificate: client auth";
};

/** By signer name: why its request is refused. Requests for other signers are not ours. */
export const signerRules: ReadonlyMap<string, Rule> = new Map([
  [signers.kubeletServing, kubeletServingProblem],
  [signers.kubeletClient, kubeletClientProblem],
  [signers.apiServerClient, apiServerClientProblem],
  [signers.legacyUnknown, () => undefined],
]);

export const isDecided = ({ status }: CertificateSigningRequest): boolean =>
  status?.conditions?.some((each) => each.type === "Approved" || each.type === "Denied") === true;

export const isApproved = ({ status }: CertificateSigningRequest): boolean =>
  status?.conditions?.some((each) => each.type === "Approved") === true &&
  !status.conditions.some((each) => each.type === "Denied");

export const isIssued = ({ status }: CertificateSigningRequest): boolean => (status?.certificate ?? "") !== "";
