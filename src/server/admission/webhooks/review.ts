// AdmissionReview: what is sent to a webhook and what its answer has to be.
// Upstream: webhook/request/admissionreview.go, webhook/errors/statuserror.go, admission.k8s.io/v1.
import { isObject, quoteGo, type StatusError, toJson } from "../../../machinery/index.ts";
import type { AdmissionAttributes } from "../../contract.ts";
import { goName, readAnswer, UnreadableAnswer } from "../../remote/hook-answers.ts";
import { WebhookRefusal } from "../dynamic/metrics.ts";
import { admissionRequest } from "../dynamic/request.ts";
import type { Match } from "../dynamic/rules.ts";
import type { VersionedObject } from "../dynamic/versions.ts";
import { fromBase64 } from "./base64.ts";
import { CallFailure } from "./failure.ts";

type ReviewVersion = "v1" | "v1beta1";

/** The first of the versions that a webhook understands and this server too. */
export const reviewVersionOf = (versions: readonly string[]): ReviewVersion | undefined =>
  versions.find((each): each is ReviewVersion => each === "v1" || each === "v1beta1");

export interface ReviewRequest {
  readonly version: ReviewVersion;
  readonly uid: string;
  readonly attributes: AdmissionAttributes;
  readonly match: Match;
  readonly objects: VersionedObject;
}

export function encodeReview({ version, uid, attributes, match, objects }: ReviewRequest): Uint8Array {
  const { dryRun, options, ...request } = admissionRequest(attributes, match);
  return new TextEncoder().encode(
    toJson({
      kind: "AdmissionReview",
      apiVersion: `admission.k8s.io/${version}`,
      request: {
        uid,
        ...request,
        object: objects.object ?? null,
        oldObject: objects.oldObject ?? null,
        dryRun,
        options,
      },
    }),
  );
}

export interface ReviewResponse {
  readonly allowed: boolean;
  /** Absent when the webhook leaves the object alone. */
  readonly patch?: Uint8Array;
  readonly patchType: string;
  readonly status?: Record<string, unknown>;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

interface Expected {
  readonly uid: string;
  readonly version: ReviewVersion;
  readonly mutating: boolean;
}

/** Throws CallFailure for what is no answer to the request. */
export function decodeReview(body: Uint8Array, expected: Expected): ReviewResponse {
  const review = readReview(body, expected);
  const { response } = review;
  if (!isObject(response)) throw invalidAnswer("webhook response was absent");
  checkTypes(response);
  if (expected.version === "v1") checkIdentity(review, response, expected);
  const patch = decodeBase64(response["patch"]);
  const patchType = response["patchType"];
  if (expected.version === "v1") checkPatch({ patch, patchType }, expected);
  return {
    allowed: response["allowed"] === true,
    ...(patch === undefined || !expected.mutating ? {} : { patch }),
    patchType: expected.version === "v1beta1" ? "JSONPatch" : typeof patchType === "string" ? patchType : "",
    ...(isObject(response["status"]) ? { status: response["status"] } : {}),
    warnings: texts(response["warnings"]),
    auditAnnotations: isObject(response["auditAnnotations"])
      ? (response["auditAnnotations"] as Record<string, string>)
      : {},
  };
}

function readReview(body: Uint8Array, { version }: Expected): Record<string, unknown> {
  try {
    return readAnswer(body, { group: "admission.k8s.io", version, kind: "AdmissionReview" });
  } catch (error) {
    if (!(error instanceof UnreadableAnswer)) throw error;
    throw new CallFailure(`failed to call webhook: ${error.message}`, 503);
  }
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];

const fieldTypes = {
  allowed: ["bool", (value: unknown) => typeof value === "boolean"],
  uid: ["types.UID", (value: unknown) => typeof value === "string"],
  patchType: ["v1.PatchType", (value: unknown) => typeof value === "string"],
  warnings: ["[]string", Array.isArray],
  auditAnnotations: ["map[string]string", isObject],
  status: ["v1.Status", isObject],
} as const;

function checkTypes(response: Record<string, unknown>): void {
  for (const [name, [type, fits]] of Object.entries(fieldTypes)) {
    const value = response[name];
    if (value !== undefined && value !== null && !fits(value))
      throw new CallFailure(
        `failed to call webhook: json: cannot unmarshal ${goName(value)} into Go struct field AdmissionResponse.response.${name} of type ${type}`,
        503,
      );
  }
}

const invalidAnswer = (why: string): CallFailure => new CallFailure(`received invalid webhook response: ${why}`, 503);

const showKind = (apiVersion: unknown, kind: unknown): string => {
  const version = typeof apiVersion === "string" ? apiVersion : "";
  return `${version.includes("/") ? version : `/${version}`}, Kind=${typeof kind === "string" ? kind : ""}`;
};

function checkIdentity(review: Record<string, unknown>, response: Record<string, unknown>, { uid }: Expected): void {
  const got = typeof response["uid"] === "string" ? response["uid"] : "";
  if (got !== uid) throw invalidAnswer(`expected response.uid=${quoteGo(uid)}, got ${quoteGo(got)}`);
  const wanted = showKind("admission.k8s.io/v1", "AdmissionReview");
  const kind = showKind(review["apiVersion"], review["kind"]);
  if (kind !== wanted) throw invalidAnswer(`expected webhook response of ${wanted}, got ${kind}`);
}

function checkPatch(
  { patch, patchType }: { patch: Uint8Array | undefined; patchType: unknown },
  { mutating }: Expected,
): void {
  const hasType = patchType !== undefined && patchType !== null;
  if (!mutating) {
    if (patch !== undefined) throw invalidAnswer("validating webhook may not return response.patch");
    if (hasType) throw invalidAnswer("validating webhook may not return response.patchType");
    return;
  }
  if (patch !== undefined && !hasType)
    throw invalidAnswer("webhook returned response.patch but not response.patchType");
  if (patch === undefined && hasType) throw invalidAnswer("webhook returned response.patchType but not response.patch");
  if (patchType === "") throw invalidAnswer('webhook returned invalid response.patchType of ""');
}

/** Undefined when there are no bytes. */
function decodeBase64(value: unknown): Uint8Array | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  try {
    return fromBase64(value);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    throw new CallFailure("failed to call webhook: illegal base64 data at input byte 0", 503);
  }
}

/** The refusal as the client of the API server sees it: the webhook's status with its name before the message. */
export function refusal(webhookName: string, sent: Record<string, unknown> | undefined): StatusError {
  const denied = `admission webhook ${quoteGo(webhookName)} denied the request`;
  const status = sent ?? {};
  const code = typeof status["code"] === "number" && status["code"] >= 400 ? status["code"] : 400;
  const { message, reason } = status;
  const text =
    typeof message === "string" && message !== ""
      ? `${denied}: ${message}`
      : typeof reason === "string" && reason !== ""
        ? `${denied}: ${reason}`
        : `${denied} without explanation`;
  return new WebhookRefusal({
    code,
    message: text,
    ...(typeof reason === "string" && reason !== "" ? { reason } : {}),
    ...(isObject(status["details"]) ? { details: status["details"] } : {}),
    ...(isObject(status["metadata"]) ? { metadata: status["metadata"] } : {}),
  } as ConstructorParameters<typeof StatusError>[0]);
}
