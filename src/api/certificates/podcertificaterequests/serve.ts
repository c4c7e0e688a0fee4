// How the API server serves PodCertificateRequest. Upstream: pkg/apis/certificates/validation, pkg/registry/certificates/podcertificaterequest.
import type { PodCertificateRequest } from "../../../../facts/types/certificates.v1beta1.ts";
import {
  deepClone,
  deepEqual,
  dns1123Subdomain,
  type FieldError,
  field,
  parseTime,
  utf8Length,
} from "../../../machinery/index.ts";
import { defineRules, type RuleContext } from "../../kind.ts";
import { conditions } from "../../lib/conditions.ts";
import { decoded } from "../../lib/formats/pem.ts";
import { internalForm } from "../../lib/internal-form.ts";
import { mostSeconds, shortestSeconds, userAnnotations } from "../../lib/pod-certificates.ts";
import { signer } from "../../lib/signer-name.ts";
import { type Check, type Findings, findings, immutableText, named } from "../../lib/validate.ts";
import { isProof, type KeyFacts, keyFacts, requestFacts } from "../certificatesigningrequests/signature.ts";
import type { Leaf } from "./chain.ts";

type Request = PodCertificateRequest;
type Spec = Request["spec"];

const mostKeyBytes = 10 * 1024;
const mostChainBytes = 100 * 1024;
const longestUid = 128;
const minuteMs = 60_000;

const at = {
  request: "spec.stubPKCS10Request",
  key: "spec.pkixPublicKey",
  proof: "spec.proofOfPossession",
  chain: "status.certificateChain",
  notBefore: "status.notBefore",
  notAfter: "status.notAfter",
  refresh: "status.beginRefreshAt",
};

const bare = (path: string, detail: string): FieldError => ({
  type: "FieldValueInvalid",
  field: path,
  message: `Invalid value: ${detail}`,
});

const bytesOf = (base64: string | undefined | null): Uint8Array =>
  Uint8Array.from(decoded(base64) ?? "", (each) => each.charCodeAt(0));

/** What was found out before validation: about the key of a new request, and whether the user may sign. */
interface Examined {
  readonly keyProblem: FieldError | undefined;
  readonly key: KeyFacts | undefined;
}
const examined = new WeakMap<object, Examined>();
const signing = new WeakMap<object, boolean>();

/** Whether the user of a status update may sign for the request's signer. Noted before the update is judged. */
export const noteSigner = (draft: object, allowed: boolean): void => void signing.set(draft, allowed);

const loaded: { chain?: typeof import("./chain.ts") } = {};

/** What is wrong with a kind of key; upstream words it differently for either field. */
function weakKey(path: string, key: KeyFacts, curves: string): FieldError | undefined {
  switch (key.kind) {
    case "Ed25519":
      return undefined;
    case "ECDSA":
      if (["P-256", "P-384", "P-521"].includes(key.curve)) return undefined;
      return field.invalid(path, `curve ${key.curve}`, `elliptic public keys must use curve ${curves}`);
    case "RSA":
      if (key.bits === 3072 || key.bits === 4096) return undefined;
      return field.invalid(path, `${key.bits}-bit modulus`, "RSA keys must have modulus size 3072 or 4096");
    default:
      return bare(path, "unknown public key type; supported types are Ed25519, ECDSA, and RSA");
  }
}

async function stubProblem(base64: string): Promise<Examined> {
  const der = bytesOf(base64);
  if (der.length > mostKeyBytes) return { key: undefined, keyProblem: field.tooLong(at.request, mostKeyBytes) };
  const facts = await requestFacts(der);
  if (facts === undefined) return { key: undefined, keyProblem: bare(at.request, "must be a valid PKCS#10 CSR") };
  const weak = weakKey(at.request, facts.key, "P256, P384, or P521");
  return { key: facts.key, keyProblem: weak ?? (facts.isSigned ? undefined : bare(at.request, "invalid signature")) };
}

async function keyProblem(spec: Spec): Promise<Examined> {
  const { pkixPublicKey, proofOfPossession, podUID } = spec;
  const [der, proof] = [bytesOf(pkixPublicKey), bytesOf(proofOfPossession)];
  if (der.length > mostKeyBytes) return { key: undefined, keyProblem: field.tooLong(at.key, mostKeyBytes) };
  if (proof.length > mostKeyBytes) return { key: undefined, keyProblem: field.tooLong(at.proof, mostKeyBytes) };
  const key = keyFacts(der);
  if (key === undefined)
    return { key, keyProblem: field.invalid(at.key, pkixPublicKey, "must be a valid PKIX-serialized public key") };
  const weak = weakKey(at.key, key, "P256 or P384");
  if (weak !== undefined) return { key, keyProblem: weak };
  if (await isProof(der, podUID ?? "", proof)) return { key, keyProblem: undefined };
  return { key, keyProblem: bare(at.proof, "could not verify proof-of-possession signature") };
}

/** One way or the other. */
async function examine(spec: Spec): Promise<Examined> {
  const { stubPKCS10Request: stub, pkixPublicKey: key, proofOfPossession: proof } = spec;
  if (stub && !key && !proof) return stubProblem(stub);
  if (!stub && key && proof) return keyProblem(spec);
  const text = "exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set";
  return { key: undefined, keyProblem: bare("spec", text) };
}

const name = named(dns1123Subdomain);

const uid: Check<string> = (value, path, found) => {
  if (value === "") found.push(field.invalid(path, value, "must not be empty"));
  if (utf8Length(value) > longestUid) found.push(field.tooLong(path, longestUid));
};

const wholeSpec: Check<Spec> = (spec, _at, found) => {
  const { signerName = "", podName = "", podUID = "", serviceAccountName = "", serviceAccountUID = "" } = spec;
  signer(signerName, "spec.signerName", found);
  if (spec.unverifiedUserAnnotations)
    userAnnotations(spec.unverifiedUserAnnotations, "spec.unverifiedUserAnnotations", found);
  name(podName, "spec.podName", found);
  uid(podUID, "spec.podUID", found);
  name(serviceAccountName, "spec.serviceAccountName", found);
  uid(serviceAccountUID, "spec.serviceAccountUID", found);
  name(spec.nodeName ?? "", "spec.nodeName", found);
  uid(spec.nodeUID ?? "", "spec.nodeUID", found);
  const seconds = spec.maxExpirationSeconds ?? 0;
  const most = mostSeconds(signerName);
  if (seconds < shortestSeconds || seconds > most)
    found.push(
      field.invalid("spec.maxExpirationSeconds", seconds, `must be in the range [${shortestSeconds}, ${most}]`),
    );
};

type Conditions = NonNullable<NonNullable<Request["status"]>["conditions"]>;
const known = ["Issued", "Denied", "Failed"];

const knownConditions: Check<Conditions> = (list, _at, found) => {
  let count = 0;
  for (const [index, { type = "", status = "" }] of list.entries()) {
    const path = `status.conditions.[${index}]`;
    if (!known.includes(type)) {
      found.push(field.notSupported(`${path}.type`, type, known));
      continue;
    }
    if (++count > 1)
      found.push(
        field.invalid(
          `${path}.type`,
          type,
          'There may be at most one condition with type "Issued", "Denied", or "Failed"',
        ),
      );
    if (status !== "True") found.push(field.notSupported(`${path}.status`, status, ["True"]));
  }
};

const has = ({ status }: Request, ...types: readonly string[]): boolean =>
  status?.conditions?.some(({ type, status: value }) => types.includes(type) && value === "True") ?? false;

const sameStatus = (a: Request["status"], b: Request["status"]): boolean => deepEqual(a ?? {}, b ?? {});

function judgeStatus(request: Request, old: Request, context: RuleContext): Findings {
  const list = request.status?.conditions ?? [];
  const found = findings(list, knownConditions);
  conditions(list, "status.conditions", found);
  if (found.length > 0) return found;
  if (has(old, ...known)) {
    if (sameStatus(request.status, old.status)) return [];
    return [bare("status", "immutable after PodCertificateRequest is issued, denied, or failed")];
  }
  if (has(request, "Denied", "Failed")) {
    const others = Object.entries(request.status ?? {}).some(([key, value]) => key !== "conditions" && value);
    const text = "non-condition status fields must be empty when denying or failing the PodCertificateRequest";
    return others ? [bare("status", text)] : [];
  }
  if (has(request, "Issued")) return issued(request, old, context);
  if (sameStatus(request.status, old.status)) return [];
  return [bare("status", 'status is immutable unless transitioning to "Issued", "Denied", or "Failed"')];
}

function leafNames({ dnsNames, emailAddresses }: Leaf): Findings {
  const found: Findings = [];
  for (const each of dnsNames) {
    if (each === "") found.push(field.invalid(at.chain, each, "leaf certificate should not contain empty DNSName"));
    if (each.includes(".."))
      found.push(field.invalid(at.chain, each, "leaf certificate's DNSName should not contain '..'"));
    if (each.startsWith(".") || each.endsWith("."))
      found.push(field.invalid(at.chain, each, "leaf certificate's DNSName should not start or end with '.'"));
  }
  for (const each of emailAddresses)
    if (!/^[^\s@<>(),;:\\"]+@[^\s@<>(),;:\\"]+$/.test(each))
      found.push(field.invalid(at.chain, each, "leaf certificate should not contain invalid EmailAddress"));
  return found;
}

function issued(request: Request, old: Request, { nowMs }: RuleContext): Findings {
  const status = request.status ?? {};
  const text = status.certificateChain ?? "";
  if (utf8Length(text) > mostChainBytes) return [field.tooLong(at.chain, mostChainBytes)];
  const chain = loaded.chain!.readChain(text);
  if ("problem" in chain) return [field.invalid(at.chain, text, chain.problem)];
  const { leaf } = chain;
  const found = leafNames(leaf);
  const key = examined.get(request)?.key;
  if (key === undefined)
    return old.spec.stubPKCS10Request
      ? [...found, bare(at.request, "must be a valid PKCS#10 CSR")]
      : [...found, bare(at.key, "must be a valid PKIX-serialized public key")];
  if (!deepEqual([...key.spki], [...leaf.spki]))
    return [...found, field.invalid(at.chain, text, "leaf certificate was not issued to the requested public key")];
  const required = (value: unknown, path: string, detail: string): void => {
    if (!value) found.push(field.required(path, detail));
  };
  required(status.notBefore, at.notBefore, "must be present and consistent with the issued certificate");
  required(status.notAfter, at.notAfter, "must be present and consistent with the issued certificate");
  required(status.beginRefreshAt, at.refresh, "must be present and in the range [notbefore+10min, notafter-10min]");
  if (found.length > 0) return found;
  const problem = wrongTimes(request, leaf, nowMs);
  if (problem !== undefined) return [problem];
  return chain.rest.map((detail) => field.invalid(at.chain, text, detail));
}

function wrongTimes({ spec, status }: Request, leaf: Leaf, nowMs: number): FieldError | undefined {
  const { notBefore, notAfter, beginRefreshAt } = status!;
  const [fromMs, toMs, refreshMs] = [parseTime(notBefore), parseTime(notAfter), parseTime(beginRefreshAt)];
  if (fromMs !== leaf.notBeforeMs)
    return field.invalid(at.notBefore, notBefore, "must be set to the NotBefore time encoded in the leaf certificate");
  if (Math.abs(fromMs - nowMs) >= 5 * minuteMs)
    return field.invalid(at.notBefore, notBefore, "must be set to within 5 minutes of kube-apiserver's current time");
  if (toMs !== leaf.notAfterMs)
    return field.invalid(at.notAfter, notAfter, "must be set to the NotAfter time encoded in the leaf certificate");
  // Upstream shows a span in nanoseconds.
  const lifetimeMs = leaf.notAfterMs - leaf.notBeforeMs;
  const shown = lifetimeMs * 1_000_000;
  if (lifetimeMs < 60 * minuteMs) return field.invalid(at.chain, shown, "leaf certificate lifetime must be >= 1 hour");
  const most = spec.maxExpirationSeconds ?? 0;
  if (lifetimeMs > most * 1000)
    return field.invalid(at.chain, shown, `leaf certificate lifetime must be <= spec.maxExpirationSeconds (${most})`);
  if (refreshMs < fromMs + 10 * minuteMs)
    return field.invalid(at.refresh, beginRefreshAt, "must be at least 10 minutes after status.notBefore");
  if (refreshMs > toMs - 10 * minuteMs)
    return field.invalid(at.refresh, beginRefreshAt, "must be at least 10 minutes before status.notAfter");
  return undefined;
}

export const podCertificateRequestRules = defineRules<Request>({
  async ready() {
    loaded.chain ??= await import("./chain.ts");
  },
  resetFields: { "": [], status: ["spec"] },
  default: (draft) => {
    draft.spec ??= {} as Spec;
    draft.spec.maxExpirationSeconds ??= 86_400;
  },
  async examine(draft, old) {
    examined.set(draft, await examine((old ?? draft).spec));
  },
  unconditionalUpdate: false,
  metadataOnUpdate: "update",
  validate(request) {
    const found = findings(request.spec, wholeSpec);
    const { keyProblem: problem } = examined.get(request) ?? {};
    return problem === undefined ? found : [...found, problem];
  },
  validateOnUpdate: false,
  validateUpdate: (request, old) =>
    deepEqual(request.spec, old.spec)
      ? []
      : [field.invalid("spec", internalForm("certificates.PodCertificateRequestSpec", request.spec), immutableText)],
  status: {
    prepareUpdate: (draft, old) => {
      const { managedFields } = draft.metadata;
      draft.spec = old.spec;
      draft.metadata = {
        ...deepClone(old.metadata),
        resourceVersion: draft.metadata.resourceVersion,
        ...(managedFields === undefined ? {} : { managedFields }),
      };
    },
    validateUpdate(request, old, context) {
      const found = judgeStatus(request, old, context);
      if (found.length > 0 || sameStatus(request.status, old.status) || signing.get(request) === true) return found;
      const { username } = context.user;
      const { signerName } = old.spec;
      return [
        field.forbidden(
          "spec.signerName",
          `User ${JSON.stringify(username)} is not permitted to "sign" for signer ${JSON.stringify(signerName)}`,
        ),
      ];
    },
  },
});
