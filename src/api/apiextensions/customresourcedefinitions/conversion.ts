// `spec.conversion` of a definition. Upstream: validateCustomResourceConversion.
import type { CustomResourceConversion } from "../../../../facts/types/apiextensions.v1.ts";
import { dns1035Label, type FieldError, field } from "../../../machinery/index.ts";
import { webhookService, webhookUrl } from "../../lib/admission/webhooks.ts";
import { findings } from "../../lib/validate.ts";

export interface ConversionRules {
  readonly preserves: boolean;
  /** One of the review versions has to be one that the server speaks. */
  readonly reviewVersions: boolean;
  /** The CA bundle has to be readable. */
  readonly caBundle: boolean;
}

const at = "spec.conversion";
const strategies = ["None", "Webhook"];
const spoken = ["v1", "v1beta1"];

export function validateConversion(
  conversion: CustomResourceConversion | undefined,
  rules: ConversionRules,
): FieldError[] {
  if (conversion === undefined) return [];
  const strategy = conversion.strategy ?? "";
  const found: FieldError[] = [];
  if (strategy !== "None" && rules.preserves)
    found.push(field.invalid(`${at}.strategy`, strategy, "must be None if spec.preserveUnknownFields is true"));
  if (strategy === "") found.push(field.required(`${at}.strategy`));
  else if (!strategies.includes(strategy)) found.push(field.notSupported(`${at}.strategy`, strategy, strategies));
  const { clientConfig, conversionReviewVersions } = conversion.webhook ?? {};
  const reviewVersions = conversionReviewVersions ?? [];
  if (strategy === "Webhook")
    return [...found, ...clientFindings(clientConfig, rules), ...reviewFindings(reviewVersions, rules)];
  const unused = "should not be set when strategy is not set to Webhook";
  if (clientConfig !== undefined) found.push(field.forbidden(`${at}.webhookClientConfig`, unused));
  if (reviewVersions.length > 0) found.push(field.forbidden(`${at}.conversionReviewVersions`, unused));
  return found;
}

type ClientConfig = NonNullable<CustomResourceConversion["webhook"]>["clientConfig"];

function clientFindings(config: ClientConfig, rules: ConversionRules): FieldError[] {
  const path = `${at}.webhookClientConfig`;
  if (config === undefined) return [field.required(path, "required when strategy is set to Webhook")];
  const { url, service, caBundle } = config;
  const found: FieldError[] = [];
  if ((url === undefined) === (service === undefined))
    found.push(field.required(path, "exactly one of url or service is required"));
  else if (url !== undefined) found.push(...findings(url, webhookUrl, `${path}.url`));
  else if (service !== undefined)
    found.push(...findings(service, webhookService({ swapped: true }), `${path}.service`));
  if (caBundle && rules.caBundle && !holdsCertificates(caBundle))
    found.push(
      field.invalid(
        `${path}.caBundle`,
        caBundle,
        "unable to load root certificates: unable to parse bytes as PEM block",
      ),
    );
  return found;
}

/** PEM blocks of certificates, as far as that can be told without reading them. */
function holdsCertificates(base64: string): boolean {
  try {
    return /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(atob(base64));
  } catch {
    return false;
  }
}

function reviewFindings(versions: readonly string[], rules: ConversionRules): FieldError[] {
  const path = `${at}.conversionReviewVersions`;
  if (versions.length === 0) return [field.required(path)];
  const found: FieldError[] = [];
  const seen = new Set<string>();
  versions.forEach((version, index) => {
    const { size } = seen;
    if (seen.add(version).size === size) found.push(field.invalid(`${path}[${index}]`, version, "duplicate version"));
    else for (const text of dns1035Label(version)) found.push(field.invalid(`${path}[${index}]`, version, text));
  });
  if (rules.reviewVersions && !versions.some((version) => spoken.includes(version)))
    found.push(field.invalid(path, versions, `must include at least one of ${spoken.join(", ")}`));
  return found;
}
