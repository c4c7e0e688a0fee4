// Asks a service whether the images of a pod may run; its answers are kept for a while. Upstream: plugin/pkg/admission/imagepolicy,
// imagepolicy.k8s.io/v1alpha1 ImageReview.
import { type Pod, pods } from "../../../../api/index.ts";
import type { Clock } from "../../../../base/index.ts";
import { isForbidden, isObject, parseJson } from "../../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { remoteWebhook } from "../../../remote/webhook.ts";
import { draftOf, refuse } from "../../framework.ts";
import { readImagePolicy } from "./configuration.ts";

const name = "ImagePolicyWebhook";
const auditPrefix = "imagepolicywebhook.image-policy.k8s.io/";
const failedOpenAnnotation = "alpha.image-policy.k8s.io/failed-open";
const keptAnswers = 1024;

interface Verdict {
  readonly allowed: boolean;
  readonly reason: string;
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

export function createImagePolicyWebhook(host: AdmissionHost): AdmissionPlugin {
  const { clock, rng, log, webhooks, remoteEndpoint } = host;
  const policy = readImagePolicy(host.pluginConfiguration?.(name));
  if (webhooks === undefined || remoteEndpoint === undefined)
    throw new Error("there are neither files nor a network here to reach the service by");
  const service = remoteWebhook({
    endpoint: remoteEndpoint(policy.kubeConfigFile),
    connections: webhooks,
    clock,
    rng,
    initialBackoffMs: policy.retryBackoffMs,
    retry: "passing",
  });
  const kept = answerCache(clock);

  const review = async (attributes: AdmissionAttributes): Promise<Verdict | undefined> => {
    const spec = specOf(attributes);
    const key = JSON.stringify(spec);
    const known = kept.get(key);
    if (known !== undefined) return known;
    try {
      const verdict = verdictOf(await service.call(reviewOf(spec), { signal: attributes.signal }));
      kept.add(key, verdict, verdict.allowed ? policy.allowTtlMs : policy.denyTtlMs);
      return verdict;
    } catch (error) {
      log.debug("the image policy service gave no usable answer", { error, allowed: policy.defaultAllow });
      if (!policy.defaultAllow) throw isForbidden(error) ? error : refuse(attributes, (error as Error).message);
      attributes.annotate(`${auditPrefix}failed-open`, "true");
      const { metadata } = draftOf<Pod>(attributes);
      metadata.annotations = { ...metadata.annotations, [failedOpenAnnotation]: "true" };
      return undefined;
    }
  };
  return {
    name,
    handles: ({ operation, kind, subresource }) =>
      (operation === "CREATE" || operation === "UPDATE") &&
      kind.group === pods.group &&
      kind.resource === pods.resource &&
      (subresource === "" || subresource === "ephemeralcontainers"),
    async validate(attributes) {
      const verdict = await review(attributes);
      if (verdict === undefined) return;
      for (const [key, value] of Object.entries(verdict.auditAnnotations))
        attributes.annotate(`${auditPrefix}${key}`, value);
      if (verdict.allowed) return;
      throw refuse(
        attributes,
        verdict.reason === ""
          ? "one or more images rejected by webhook backend"
          : `image policy webhook backend denied one or more images: ${verdict.reason}`,
      );
    },
  };
}

interface ReviewSpec {
  readonly containers?: readonly { readonly image?: string }[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly namespace?: string;
}

/** Images of the containers that this request is about, and the annotations that are meant for the service. */
function specOf(attributes: AdmissionAttributes): ReviewSpec {
  const { metadata, spec } = draftOf<Pod>(attributes);
  const about =
    attributes.subresource === ""
      ? [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
      : (spec?.ephemeralContainers ?? []);
  const annotations = Object.entries(metadata.annotations ?? {})
    .filter(([key]) => key.includes(".image-policy.k8s.io/"))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    ...(about.length > 0 ? { containers: about.map(({ image }) => (image ? { image } : {})) } : {}),
    ...(annotations.length > 0 ? { annotations: Object.fromEntries(annotations) } : {}),
    ...(attributes.namespace === "" ? {} : { namespace: attributes.namespace }),
  };
}

const version = "imagepolicy.k8s.io/v1alpha1";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const reviewOf = (spec: ReviewSpec): Uint8Array =>
  encoder.encode(
    `${JSON.stringify({ kind: "ImageReview", apiVersion: version, metadata: {}, spec, status: { allowed: false } })}\n`,
  );

/** Throws Error with upstream's words for what is no ImageReview. */
function verdictOf(body: Uint8Array): Verdict {
  const text = decoder.decode(body);
  const { value: answer } = parseJson(text);
  if (!isObject(answer) || !answer["kind"]) throw new Error(`Object 'Kind' is missing in '${text}'`);
  if (!answer["apiVersion"]) throw new Error(`Object 'apiVersion' is missing in '${text}'`);
  if (answer["kind"] !== "ImageReview" || answer["apiVersion"] !== version)
    throw new Error(`no kind "${answer["kind"]}" is registered for version "${answer["apiVersion"]}"`);
  const status = isObject(answer["status"]) ? answer["status"] : {};
  const told = isObject(status["auditAnnotations"]) ? Object.entries(status["auditAnnotations"]) : [];
  return {
    allowed: status["allowed"] === true,
    reason: typeof status["reason"] === "string" ? status["reason"] : "",
    auditAnnotations: Object.fromEntries(told.map(([key, value]) => [key, String(value)])),
  };
}

/** The least recently used go first, and whatever is too old. */
function answerCache(clock: Clock): {
  get(key: string): Verdict | undefined;
  add(key: string, verdict: Verdict, ttlMs: number): void;
} {
  const entries = new Map<string, { readonly verdict: Verdict; readonly untilMs: number }>();
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (entry.untilMs <= clock.monotonic()) return undefined;
      entries.set(key, entry);
      return entry.verdict;
    },
    add(key, verdict, ttlMs) {
      if (ttlMs === 0) return;
      entries.delete(key);
      entries.set(key, { verdict, untilMs: clock.monotonic() + ttlMs });
      if (entries.size > keptAnswers) entries.delete(entries.keys().next().value!);
    },
  };
}
