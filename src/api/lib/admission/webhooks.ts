// What the two kinds of webhook configurations have in common.
// Upstream: pkg/apis/admissionregistration/validation, k8s.io/apiserver/pkg/util/webhook/validation.go.
import type {
  MutatingWebhook,
  ServiceReference,
  ValidatingWebhook,
  WebhookClientConfig,
} from "../../../../facts/types/admissionregistration.v1.ts";
import {
  deepEqual,
  dns1035Label,
  dns1123Subdomain,
  type FieldError,
  field,
  portNumber,
} from "../../../machinery/index.ts";
import { parseGoUrl } from "../formats/go-url.ts";
import { labelSelector } from "../selector-rules.ts";
import {
  type Check,
  child,
  each,
  type Findings,
  findings,
  item,
  oneOf,
  optional,
  unique,
  worthChecking,
} from "../validate.ts";
import { matchConditions } from "./expressions.ts";
import {
  defaultRules,
  failurePolicy,
  looseLabelSelector,
  matchPolicy,
  reinvocationPolicy,
  ruleWithOperations,
} from "./match-rules.ts";

export type Webhook = ValidatingWebhook | MutatingWebhook;

/** What an object from before these rules may keep. */
interface Leniency {
  readonly sideEffects: boolean;
  readonly reviewVersions: boolean;
  readonly repeatedNames: boolean;
  readonly selectorValues: boolean;
  readonly matchConditions: boolean;
}

const strict: Leniency = {
  sideEffects: false,
  reviewVersions: false,
  repeatedNames: false,
  selectorValues: false,
  matchConditions: false,
};

const reviewVersions = ["v1", "v1beta1"];
const quiet = ["None", "NoneOnDryRun"];
const sideEffectClasses = ["None", "NoneOnDryRun", "Some", "Unknown"];

const fullName: Check<string> = (name, at, found) => {
  if (!name) {
    found.push(field.required(at));
    return;
  }
  const texts = dns1123Subdomain(name);
  if (texts.length > 0) found.push(field.invalid(at, name, texts.join(",")));
  else if (name.split(".").length < 3)
    found.push(field.invalid(at, name, "should be a domain with at least three segments separated by dots"));
};

const wantedForm = "; desired format: https://host[/path]";

export const webhookUrl: Check<string> = (text, at, found) => {
  const parsed = parseGoUrl(text);
  if ("error" in parsed) {
    found.push(field.required(at, `url must be a valid URL: ${parsed.error}${wantedForm}`));
    return;
  }
  const { scheme, host, user, fragment, query } = parsed.url;
  const refuse = (value: string, detail: string): void => void found.push(field.invalid(at, value, detail));
  if (scheme !== "https") refuse(scheme, `'https' is the only allowed URL scheme${wantedForm}`);
  if (host === "") refuse(host, `host must be specified${wantedForm}`);
  if (user !== undefined) refuse(user, "user information is not permitted in the URL");
  if (fragment !== "") refuse(fragment, "fragments are not permitted in the URL");
  if (query !== "") refuse(query, "query parameters are not permitted in the URL");
};

const servicePath: Check<string> = (path, at, found) => {
  if (path === "" || path === "/") return;
  if (path === "//") {
    found.push(field.invalid(at, path, "segment[0] may not be empty"));
    return;
  }
  if (!path.startsWith("/")) found.push(field.invalid(at, path, "must start with a '/'"));
  const steps = path.slice(1).replace(/\/$/, "").split("/");
  for (const [index, step] of worthChecking(steps, found)) {
    const texts = step === "" ? [" may not be empty"] : dns1123Subdomain(step).map((text) => `: ${text}`);
    for (const text of texts) found.push(field.invalid(at, path, `segment[${index}]${text}`));
  }
};

/** `swapped`: admission's webhooks report a missing name as a missing namespace and the other way round, as upstream does. */
export const webhookService =
  (swapped: { readonly swapped: boolean }): Check<ServiceReference> =>
  (service, at, found) => {
    const [name, namespace] = swapped.swapped ? [service.namespace, service.name] : [service.name, service.namespace];
    if (!name) found.push(field.required(child(at, "name")));
    if (!namespace) found.push(field.required(child(at, "namespace")));
    const port = service.port ?? 443;
    const texts = portNumber(port);
    if (texts.length > 0) found.push(field.invalid(child(at, "port"), port, `port is not valid: ${texts.join(", ")}`));
    optional(servicePath)(service.path, child(at, "path"), found);
  };

const clientConfig: Check<WebhookClientConfig | undefined> = (config, at, found) => {
  const { url, service } = config ?? {};
  if ((url === undefined) === (service === undefined))
    found.push(field.required(at, "exactly one of url or service is required"));
  else if (url !== undefined) webhookUrl(url, child(at, "url"), found);
  else if (service !== undefined) webhookService({ swapped: true })(service, child(at, "service"), found);
};

const timeoutSeconds: Check<number> = (value, at, found) => {
  if (value < 1 || value > 30)
    found.push(field.invalid(at, value, "the timeout value must be between 1 and 30 seconds"));
};

/** A field that is a pointer upstream is null when it is not there. */
const isSet = (value: unknown): boolean => value !== undefined && value !== null;

const webhook =
  (leniency: Leniency): Check<Webhook> =>
  (hook, at, found) => {
    fullName(hook.name, child(at, "name"), found);
    each(ruleWithOperations)(hook.rules, child(at, "rules"), found);
    optional(failurePolicy)(hook.failurePolicy, child(at, "failurePolicy"), found);
    optional(matchPolicy)(hook.matchPolicy, child(at, "matchPolicy"), found);
    const classes = leniency.sideEffects ? sideEffectClasses : quiet;
    const sideEffects = child(at, "sideEffects");
    if (!isSet(hook.sideEffects)) found.push(field.required(sideEffects, `must specify one of ${classes.join(", ")}`));
    else oneOf(...classes)(hook.sideEffects, sideEffects, found);
    optional(timeoutSeconds)(hook.timeoutSeconds, child(at, "timeoutSeconds"), found);
    for (const name of ["namespaceSelector", "objectSelector"] as const) {
      const selector = leniency.selectorValues ? looseLabelSelector : labelSelector;
      optional<NonNullable<Webhook[typeof name]>>(selector)(hook[name], child(at, name), found);
    }
    if ("reinvocationPolicy" in hook)
      optional(reinvocationPolicy)(hook.reinvocationPolicy, child(at, "reinvocationPolicy"), found);
    clientConfig(hook.clientConfig, child(at, "clientConfig"), found);
    if (!leniency.matchConditions)
      matchConditions({ params: false })(hook.matchConditions, child(at, "matchConditions"), found);
  };

const acceptedReviews =
  (leniency: Leniency): Check<readonly string[] | null | undefined> =>
  (list, at, found) => {
    const versions = list ?? [];
    if (versions.length === 0) {
      found.push(field.required(at, `must specify one of ${reviewVersions.join(", ")}`));
      return;
    }
    for (const [index, version] of worthChecking(versions, found)) {
      if (versions.indexOf(version) < index) found.push(field.invalid(item(at, index), version, "duplicate version"));
      else for (const text of dns1035Label(version)) found.push(field.invalid(item(at, index), version, text));
    }
    if (!leniency.reviewVersions && !accepts(versions))
      found.push(field.invalid(at, versions, `must include at least one of ${reviewVersions.join(", ")}`));
  };

const accepts = (versions: readonly string[]): boolean => versions.some((each) => reviewVersions.includes(each));

function judge(hooks: readonly Webhook[] | undefined, leniency: Leniency): FieldError[] {
  const found: Findings = [];
  for (const [index, hook] of worthChecking(hooks ?? [], found)) {
    const at = item("webhooks", index);
    webhook(leniency)(hook, at, found);
    acceptedReviews(leniency)(hook.admissionReviewVersions, child(at, "admissionReviewVersions"), found);
  }
  if (!leniency.repeatedNames) unique<Webhook>((hook) => hook.name, "name")(hooks, "webhooks", found);
  return found;
}

export const judgeWebhooks = (hooks: readonly Webhook[] | undefined): FieldError[] => judge(hooks, strict);

/** Rules that the old object broke already are not held against the new one. */
export function judgeWebhooksUpdate(
  hooks: readonly Webhook[] | undefined,
  old: readonly Webhook[] | undefined,
): FieldError[] {
  const before = old ?? [];
  return judge(hooks, {
    sideEffects: before.some(({ sideEffects }) => !quiet.includes(sideEffects)),
    reviewVersions: before.some(
      ({ admissionReviewVersions: versions }) => (versions?.length ?? 0) > 0 && !accepts(versions),
    ),
    repeatedNames: new Set(before.map(({ name }) => name)).size < before.length,
    selectorValues: before.some((hook) =>
      [hook.namespaceSelector, hook.objectSelector].some((each) => findings(each, labelSelector).length > 0),
    ),
    matchConditions:
      before.length === (hooks?.length ?? 0) &&
      before.every((hook, index) => deepEqual(hook.matchConditions, hooks?.[index]?.matchConditions)),
  });
}

export function defaultWebhook(hook: Webhook): void {
  hook.failurePolicy ??= "Fail";
  hook.matchPolicy ??= "Equivalent";
  hook.namespaceSelector ??= {};
  hook.objectSelector ??= {};
  hook.timeoutSeconds ??= 10;
  defaultRules(hook.rules);
  if (hook.clientConfig?.service) hook.clientConfig.service.port ??= 443;
}
