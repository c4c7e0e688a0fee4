// How the API server serves CertificateSigningRequest. Upstream: pkg/apis/certificates/validation, pkg/registry/certificates/certificates.
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from "../../../../facts/types/certificates.v1.ts";
import { deepEqual, field } from "../../../machinery/index.ts";
import { defineRules, type RuleContext } from "../../kind.ts";
import { jsonDiff } from "../../lib/diff.ts";
import { internalForm } from "../../lib/internal-form.ts";
import { signer } from "../../lib/signer-name.ts";
import {
  type Check,
  child,
  type Findings,
  findings,
  item,
  oneOf,
  required,
  worthChecking,
} from "../../lib/validate.ts";
import { certificateProblem, requestProblem } from "./pem.ts";

type Csr = CertificateSigningRequest;

const usages = [
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
];
const legacySigner = "kubernetes.io/legacy-unknown";
const shortestSeconds = 600;

const usageList: Check<readonly string[]> = (list, at, found) => {
  if (list.length === 0) found.push(field.required(at));
  for (const [index, usage] of worthChecking(list, found)) oneOf(...usages)(usage, item(at, index), found);
  const seen = new Set<string>();
  for (const [index, usage] of worthChecking(list, found)) {
    if (seen.has(usage)) found.push(field.duplicate(item(at, index), usage));
    seen.add(usage);
  }
};

const decisions: readonly string[] = ["Approved", "Denied"];
const onlyTrue: readonly string[] = [...decisions, "Failed"];

const conditionList: Check<readonly CertificateSigningRequestCondition[]> = (list, at, found) => {
  const before = new Set<string>();
  for (const [index, { type = "", status }] of worthChecking(list, found)) {
    const path = item(at, index);
    required()(type, child(path, "type"), found);
    if (!status) found.push(field.required(child(path, "status")));
    else
      (onlyTrue.includes(type) ? oneOf("True") : oneOf("False", "True", "Unknown"))(
        status,
        child(path, "status"),
        found,
      );
    const other = type === "Approved" ? "Denied" : "Approved";
    if (decisions.includes(type) && before.has(other))
      found.push(field.invalid(at, type, "Approved and Denied conditions are mutually exclusive"));
    if (before.has(type)) found.push(field.duplicate(child(path, "type"), type));
    before.add(type);
  }
};

/** What is wrong with a draft's request, as found out before validation. */
const problems = new WeakMap<object, string | undefined>();

function problemOf(csr: Csr): string | undefined {
  if (!problems.has(csr)) throw new Error("a CertificateSigningRequest is validated before its request was examined");
  return problems.get(csr);
}

/** What is wrong already is not held against an update. */
const whole =
  (old: Csr | undefined): Check<Csr> =>
  (csr, _at, found) => {
    const { spec, status } = csr;
    const problem = problemOf(csr);
    if (problem !== undefined) found.push(field.invalid("spec.request", spec.request ?? null, problem));
    usageList(spec.usages ?? [], "spec.usages", found);
    if (spec.signerName === legacySigner && old?.spec.signerName !== legacySigner)
      found.push(
        field.invalid("spec.signerName", spec.signerName, "the legacy signerName is not allowed via this API version"),
      );
    else required(signer)(spec.signerName, "spec.signerName", found);
    const seconds = spec.expirationSeconds;
    if (seconds !== undefined && seconds < shortestSeconds)
      found.push(
        field.invalid(
          "spec.expirationSeconds",
          seconds,
          "may not specify a duration less than 600 seconds (10 minutes)",
        ),
      );
    conditionList(status?.conditions ?? [], "status.conditions", found);
    const certificate = status?.certificate ?? "";
    const kept =
      certificate === (old?.status?.certificate ?? "") || certificateProblem(old?.status?.certificate) !== undefined;
    const wrong = kept ? undefined : certificateProblem(certificate);
    if (wrong !== undefined) found.push(field.invalid("status.certificate", "<certificate data>", wrong));
  };

const ofType = ({ status }: Csr, type: string): CertificateSigningRequestCondition[] =>
  (status?.conditions ?? []).filter((each) => each.type === type);

/** Decisions are made through `/approval`, certificates set once, through `/status`. */
function transitions(csr: Csr, old: Csr, part: "" | "status" | "approval"): Findings {
  const found: Findings = [];
  const at = "status.conditions";
  for (const type of onlyTrue)
    if (ofType(csr, type).length < ofType(old, type).length)
      found.push(field.forbidden(at, `updates may not remove a condition of type ${JSON.stringify(type)}`));
  for (const type of part === "approval" ? [] : decisions) {
    const [now, before] = [ofType(csr, type), ofType(old, type)];
    if (now.length > before.length)
      found.push(field.forbidden(at, `updates may not add a condition of type ${JSON.stringify(type)}`));
    else if (now.length === before.length && !deepEqual(now, before))
      found.push(
        field.forbidden(
          at,
          `updates may not modify a condition of type ${JSON.stringify(type)}\n${jsonDiff(printedConditions(before), printedConditions(now))}`,
        ),
      );
  }
  if ((csr.status?.certificate ?? "") !== (old.status?.certificate ?? "")) {
    if (part !== "status") found.push(field.forbidden("status.certificate", "updates may not set certificate content"));
    else if (old.status?.certificate)
      found.push(field.forbidden("status.certificate", "updates may not modify existing certificate content"));
  }
  return found;
}

const printedConditions = (list: readonly CertificateSigningRequestCondition[]): unknown =>
  internalForm("[]certificates.CertificateSigningRequestCondition", list);

/** Decisions that were there stay as they were; new conditions get their times. */
function settleConditions(draft: Csr, old: Csr, now: string): void {
  const { status } = draft;
  if (status?.conditions === undefined) return;
  const kept = new Map(decisions.map((type) => [type, [...ofType(old, type)]]));
  const sameCount = new Set(decisions.filter((type) => ofType(draft, type).length === ofType(old, type).length));
  const conditions = status.conditions.map((each) => {
    const before = sameCount.has(each.type) ? kept.get(each.type)?.shift() : undefined;
    return { ...(before ?? each) };
  });
  draft.status = { ...status, conditions };
  timeConditions(draft, old, now);
}

/** Conditions without times get this moment's, or that since which they are what they are. */
function timeConditions(draft: Csr, old: Csr, now: string): void {
  const conditions = draft.status?.conditions;
  if (conditions === undefined) return;
  const timed = conditions.map((each) => {
    const before = old.status?.conditions?.find((other) => other.type === each.type && other.status === each.status);
    const own = { ...each };
    own.lastUpdateTime ??= now;
    own.lastTransitionTime ??= before?.lastTransitionTime ?? now;
    return own;
  });
  draft.status = { ...draft.status, conditions: timed };
}

function setRequester({ spec }: Csr, { user }: RuleContext): void {
  const own = spec as { -readonly [K in keyof Csr["spec"]]: Csr["spec"][K] };
  own.username = user.username;
  delete own.uid;
  delete own.extra;
  if (user.uid) own.uid = user.uid;
  own.groups = [...user.groups];
  const extra = Object.entries(user.extra ?? {}).map(([key, values]): [string, string[]] => [key, [...values]]);
  if (extra.length > 0) own.extra = Object.fromEntries(extra);
}

export const certificateSigningRequestRules = defineRules<Csr>({
  resetFields: {
    "": ["spec", "status"],
    status: ["spec", "status.conditions"],
    approval: ["spec", "status.certificate"],
  },
  validateName: () => [],
  async examine(draft, old) {
    problems.set(draft, await requestProblem((old ?? draft).spec.request));
  },
  prepareCreate: setRequester,
  prepareUpdate: (draft, old) => {
    draft.spec = old.spec;
  },
  validate: (csr) => findings(csr, whole(undefined)),
  metadataOnUpdate: "both",
  validateOnUpdate: false,
  validateUpdate: (csr, old) => [...findings(csr, whole(old)), ...transitions(csr, old, "")],
  status: {
    prepareUpdate: (draft, old, { now }) => settleConditions(draft, old, now),
    validateUpdate: (csr, old) => [...findings(csr, whole(old)), ...transitions(csr, old, "status")],
  },
  parts: {
    approval: {
      prepareUpdate: (draft, old, { now }) => {
        timeConditions(draft, old, now);
        const conditions = draft.status?.conditions;
        const { conditions: _, ...kept } = old.status ?? {};
        draft.spec = old.spec;
        draft.status = conditions === undefined ? kept : { ...kept, conditions };
      },
      validateUpdate: (csr, old) => [...findings(csr, whole(old)), ...transitions(csr, old, "approval")],
    },
  },
});
