// Whether a webhook whose rules match is called: selectors, then match conditions.
// Upstream: webhook/generic/webhook.go ShouldCallHook.
import { forbidden } from "../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost } from "../../contract.ts";
import { compileConditions, evaluateConditions } from "../dynamic/conditions.ts";
import { select } from "../dynamic/selectors.ts";
import type { VersionedObject } from "../dynamic/versions.ts";
import type { Candidate } from "./source.ts";

/** Throws StatusError when a selector or condition can not be judged and the webhook fails closed. */
export async function isCalled(
  host: AdmissionHost,
  { hook, match }: Candidate,
  request: { readonly attributes: AdmissionAttributes; readonly objects: () => Promise<VersionedObject> },
): Promise<boolean> {
  const { attributes } = request;
  const { selected, error } = await select(hook.selectors(), attributes, host.reader);
  if (!selected) return false;
  if (error !== undefined) throw error;
  const { matchConditions = [], failurePolicy } = hook.webhook;
  if (matchConditions.length === 0) return true;
  hook.conditions ??= compileConditions(matchConditions, { params: false });
  const outcome = await evaluateConditions(await hook.conditions, {
    attributes,
    match,
    objects: await request.objects(),
    authorizer: host.authorizer,
  });
  if (outcome.errors.length === 0) return outcome.matches;
  if (!outcome.matches || failurePolicy === "Ignore") return false;
  const { group, resource } = attributes.kind;
  throw forbidden(
    { group, resource },
    attributes.name,
    outcome.errors.length === 1 ? outcome.errors[0]! : `[${outcome.errors.join(", ")}]`,
  );
}
