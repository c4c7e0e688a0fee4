// Calls mutating webhooks one after another, each with what the one before made of the object.
// Upstream: webhook/mutating/{dispatcher,reinvocationcontext}.go.
import type { MutatingWebhook } from "../../../api/index.ts";
import {
  applyJsonPatch,
  deepClone,
  deepEqual,
  internalError,
  isObject,
  type JsonPatchOperation,
  JsonSyntaxError,
  type KubeObject,
  parseJson,
  plainCopy,
  quoteGo,
  StatusError,
} from "../../../machinery/index.ts";
import type { AdmissionAttributes } from "../../contract.ts";
import { countedCall } from "../dynamic/metrics.ts";
import { createReinvocations, type Reinvocations } from "../dynamic/reinvocations.ts";
import { replaceDraft, type VersionedObject, versioned } from "../dynamic/versions.ts";
import { callWebhook } from "./call.ts";
import { CallFailure, failedCall } from "./failure.ts";
import type { WebhookHost } from "./host.ts";
import { isCalled } from "./invocation.ts";
import type { ReviewResponse } from "./review.ts";
import type { Candidate } from "./source.ts";

const valueName = "MutatingAdmissionWebhook";

export async function mutateByWebhooks(
  host: WebhookHost,
  attributes: AdmissionAttributes,
  candidates: readonly Candidate[],
): Promise<void> {
  const { reinvocation } = attributes;
  const own = (reinvocation.values.get(valueName) as Reinvocations | undefined) ?? createReinvocations();
  reinvocation.values.set(valueName, own);
  if (reinvocation.again && own.changedSince(attributes.object)) own.requireAll();
  try {
    for (const candidate of candidates) await mutateByOne(host, { attributes, candidate, own });
  } finally {
    own.remember(attributes.object);
  }
}

interface One {
  readonly attributes: AdmissionAttributes;
  readonly candidate: Candidate;
  readonly own: Reinvocations;
}

async function mutateByOne(host: WebhookHost, { attributes, candidate, own }: One): Promise<void> {
  const { hook, match } = candidate;
  const { reinvocation } = attributes;
  const webhook = hook.webhook as MutatingWebhook;
  let view: Promise<VersionedObject> | undefined;
  const objects = (): Promise<VersionedObject> => (view ??= versioned(attributes, match.kind, host.catalog));
  if (!(await isCalled(host, candidate, { attributes, objects }))) return;
  if (reinvocation.again && !own.required(hook.id)) return;
  const annotations = annotationsOf(attributes, candidate);
  let changed = false;
  try {
    const { name, failurePolicy } = webhook;
    const called = { name, type: "admit" as const, attributes, failsOpen: failurePolicy === "Ignore" };
    changed = await countedCall(host, called, async () => {
      const view = await objects();
      const response = await callWebhook(host, { webhook, attributes, match, objects: view, mutating: true });
      return applyResponse(host, { attributes, candidate, response, objects: view, annotations });
    });
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    if (webhook.failurePolicy !== "Ignore") throw failedCall(webhook.name, error);
    host.log.warn("a mutating webhook could not be called and is passed over", { webhook: webhook.name, error });
    annotations.failedOpen();
  } finally {
    annotations.mutated(changed);
  }
  if (changed) {
    own.requireAll();
    reinvocation.request();
  }
  if (webhook.reinvocationPolicy === "IfNeeded") own.invoked(hook.id);
}

interface Annotations {
  mutated(changed: boolean): void;
  patched(patch: readonly JsonPatchOperation[]): void;
  failedOpen(): void;
}

function annotationsOf(attributes: AdmissionAttributes, { hook, index }: Candidate): Annotations {
  const place = `round_${attributes.reinvocation.again ? 1 : 0}_index_${index}`;
  const { configuration } = hook;
  const webhook = hook.webhook.name;
  const write = (prefix: string, value: string): void =>
    attributes.annotate(`${prefix}.webhook.admission.k8s.io/${place}`, value);
  return {
    mutated: (mutated) => write("mutation", JSON.stringify({ configuration, webhook, mutated })),
    patched: (patch) => write("patch", JSON.stringify({ configuration, webhook, patch, patchType: "JSONPatch" })),
    failedOpen: () => write("failed-open.mutation", webhook),
  };
}

interface Answered {
  readonly attributes: AdmissionAttributes;
  readonly candidate: Candidate;
  readonly response: ReviewResponse;
  readonly objects: VersionedObject;
  readonly annotations: Annotations;
}

/** Whether the object is another one now. */
async function applyResponse(host: WebhookHost, answered: Answered): Promise<boolean> {
  const { attributes, candidate, response, objects, annotations } = answered;
  const { name } = candidate.hook.webhook;
  if (response.patch === undefined) return false;
  const patch = decodePatch(response.patch);
  if (patch.length === 0) return false;
  if (objects.object === undefined)
    throw internalError(
      `admission webhook ${quoteGo(name)} attempted to modify the object, which is not supported for this operation`,
    );
  if (response.patchType !== "JSONPatch")
    throw new CallFailure(`unsupported patch type ${quoteGo(response.patchType)}`, 400);
  const before = deepClone(attributes.object as KubeObject);
  const object = patched(objects.object, patch);
  try {
    await replaceDraft(attributes, { kind: candidate.match.kind, object }, host.catalog);
  } catch (error) {
    throw error instanceof StatusError && error.code !== 500 ? internalError(error.message) : error;
  }
  annotations.patched(patch);
  return !deepEqual(before, attributes.object);
}

function decodePatch(bytes: Uint8Array): readonly JsonPatchOperation[] {
  const undecodable = (why: string): CallFailure =>
    new CallFailure(`received undecodable patch in webhook response: ${why}`, 503);
  try {
    const value = plainCopy(parseJson(new TextDecoder().decode(bytes)).value);
    if (!Array.isArray(value) || !value.every(isObject))
      throw undecodable("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
    return value as unknown as readonly JsonPatchOperation[];
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw undecodable(error.message);
    throw error;
  }
}

function patched(object: KubeObject, patch: readonly JsonPatchOperation[]): Record<string, unknown> {
  try {
    return applyJsonPatch(object, patch) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof StatusError && error.cause instanceof Error) throw internalError(error.cause.message);
    throw error;
  }
}
