// Authorities of the controller manager: one for all signers, or one for each that is named. Upstream:
// cmd/kube-controller-manager/app/{certificates.go,options/csrsigningcontroller.go}.
import { type FlagDefinitions, FlagError } from "../cli/index.ts";
import type { KeyPair } from "../cluster/pki/index.ts";
import { readFlagFile } from "./apiserver/self-signed.ts";
import type { ControllerSettings } from "./components.ts";

/** Of each signer: its part of the flags' names, and what upstream calls them when they are wrong. */
const signers = {
  "kubernetes.io/kubelet-serving": ["kubelet-serving", "kubelet-serving"],
  "kubernetes.io/kube-apiserver-client-kubelet": ["kubelet-client", "kube-apiserver-client"],
  "kubernetes.io/kube-apiserver-client": ["kube-apiserver-client", "kube-apiserver"],
  "kubernetes.io/legacy-unknown": ["legacy-unknown", "legacy-unknown"],
} as const;

const certFile = (signer: string) => ({ type: "string", help: `authority of requests for ${signer}` }) as const;
const keyFile = (name: string) => ({ type: "string", help: `key of --cluster-signing-${name}-cert-file` }) as const;

export const signerFlags = {
  "cluster-signing-kubelet-serving-cert-file": certFile("kubernetes.io/kubelet-serving"),
  "cluster-signing-kubelet-serving-key-file": keyFile("kubelet-serving"),
  "cluster-signing-kubelet-client-cert-file": certFile("kubernetes.io/kube-apiserver-client-kubelet"),
  "cluster-signing-kubelet-client-key-file": keyFile("kubelet-client"),
  "cluster-signing-kube-apiserver-client-cert-file": certFile("kubernetes.io/kube-apiserver-client"),
  "cluster-signing-kube-apiserver-client-key-file": keyFile("kube-apiserver-client"),
  "cluster-signing-legacy-unknown-cert-file": certFile("kubernetes.io/legacy-unknown"),
  "cluster-signing-legacy-unknown-key-file": keyFile("legacy-unknown"),
} as const satisfies FlagDefinitions;

export type SigningValues = { readonly [Name in keyof typeof signerFlags]?: string | undefined } & {
  readonly "cluster-signing-cert-file"?: string | undefined;
  readonly "cluster-signing-key-file"?: string | undefined;
  readonly "cluster-signing-duration": number;
};

/** Undefined when no file is named: nothing is signed. Throws FlagError with upstream's words. */
export function signingOf(
  values: SigningValues,
  read: (flag: string, path: string) => string = readFlagFile,
): ControllerSettings["signing"] {
  const pair = (name: string): KeyPair | undefined => {
    const of = values as unknown as Readonly<Record<string, string | undefined>>;
    const [certFlag, keyFlag] = [`cluster-signing-${name}cert-file`, `cluster-signing-${name}key-file`];
    const [cert, key] = [of[certFlag], of[keyFlag]];
    return cert && key ? { cert: read(certFlag, cert), key: read(keyFlag, key) } : undefined;
  };
  const named = Object.entries(signers).filter(([, names]) => isNamed(values, names));
  const longestMs = values["cluster-signing-duration"];
  if (named.length > 0) {
    if (values["cluster-signing-cert-file"] || values["cluster-signing-key-file"])
      throw new FlagError(
        "cannot specify --cluster-signing-{cert,key}-file and other --cluster-signing-*-file flags at the same time",
      );
    const pairs = new Map(named.map(([signer, [name]]) => [signer, pair(`${name}-`)]));
    return { authorityOf: (signer) => pairs.get(signer), longestMs };
  }
  const all = pair("");
  return all === undefined ? undefined : { authorityOf: () => all, longestMs };
}

function isNamed(values: SigningValues, [name, told]: (typeof signers)[keyof typeof signers]): boolean {
  const [cert, key] = [values[`cluster-signing-${name}-cert-file`], values[`cluster-signing-${name}-key-file`]];
  const fail = (why: string) => new FlagError(`"cluster-signing-${told}": cannot specify ${why}`);
  if (!cert && key) throw fail("key without cert");
  if (cert && !key) throw fail("cert without key");
  return Boolean(cert);
}
