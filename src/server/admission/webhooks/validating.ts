// Calls validating webhooks, all at once. Upstream: webhook/validating/dispatcher.go.
import type { AdmissionAttributes } from "../../contract.ts";
import { countedCall } from "../dynamic/metrics.ts";
import { type VersionedObject, versioned } from "../dynamic/versions.ts";
import { callWebhook } from "./call.ts";
import { CallFailure, failedCall } from "./failure.ts";
import type { WebhookHost } from "./host.ts";
import { isCalled } from "./invocation.ts";
import type { Candidate } from "./source.ts";

export async function validateByWebhooks(
  host: WebhookHost,
  attributes: AdmissionAttributes,
  candidates: readonly Candidate[],
): Promise<void> {
  const views = new Map<string, Promise<VersionedObject>>();
  const viewOf = ({ match }: Candidate): Promise<VersionedObject> => {
    const key = `${match.kind.group}/${match.kind.version}/${match.kind.kind}`;
    let view = views.get(key);
    if (view === undefined) {
      view = versioned(attributes, match.kind, host.catalog);
      views.set(key, view);
    }
    return view;
  };
  const called: Candidate[] = [];
  for (const candidate of candidates)
    if (await isCalled(host, candidate, { attributes, objects: () => viewOf(candidate) })) called.push(candidate);
  // The first to refuse is the one the client hears of; the others are waited for, as their side effects are under way.
  const refusals: unknown[] = [];
  await Promise.all(
    called.map(async (candidate, index) => {
      try {
        await callOne(host, { attributes, candidate, index, objects: await viewOf(candidate) });
      } catch (error) {
        refusals.push(error);
      }
    }),
  );
  if (refusals.length > 0) throw refusals[0];
}

interface One {
  readonly attributes: AdmissionAttributes;
  readonly candidate: Candidate;
  readonly index: number;
  readonly objects: VersionedObject;
}

async function callOne(host: WebhookHost, { attributes, candidate, index, objects }: One): Promise<void> {
  const { webhook } = candidate.hook;
  try {
    const { name, failurePolicy } = webhook;
    const called = { name, type: "validating" as const, attributes, failsOpen: failurePolicy === "Ignore" };
    const { match } = candidate;
    await countedCall(host, called, () => callWebhook(host, { webhook, attributes, match, objects, mutating: false }));
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    if (webhook.failurePolicy !== "Ignore") throw failedCall(webhook.name, error);
    host.log.warn("a validating webhook could not be called and is passed over", { webhook: webhook.name, error });
    attributes.annotate(`failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`, webhook.name);
  }
}
