// One call of one webhook. Upstream: webhook/{mutating,validating}/dispatcher.go, apiserver/pkg/util/webhook/client.go.
import type { MutatingWebhook, ValidatingWebhook, WebhookClientConfig } from "../../../api/index.ts";
import { errorText, uuid } from "../../../base/index.ts";
import { badRequest, quoteGo } from "../../../machinery/index.ts";
import type { AdmissionAttributes, CallerCredentials, ServicePort, WebhookAnswer } from "../../contract.ts";
import { cleanPath, failureText, isFailure, lengthProblem } from "../../remote/hook-answers.ts";
import type { Match } from "../dynamic/rules.ts";
import type { VersionedObject } from "../dynamic/versions.ts";
import { fromBase64 } from "./base64.ts";
import { CallFailure } from "./failure.ts";
import type { WebhookHost } from "./host.ts";
import { decodeReview, encodeReview, type ReviewResponse, refusal, reviewVersionOf } from "./review.ts";

export interface Call {
  readonly webhook: MutatingWebhook | ValidatingWebhook;
  readonly attributes: AdmissionAttributes;
  readonly match: Match;
  readonly objects: VersionedObject;
  readonly mutating: boolean;
}

/**
 * The answer of a webhook that allows the request; its warnings and annotations are handed on. Throws StatusError for a
 * refusal and CallFailure when there is no usable answer.
 */
export async function callWebhook(host: WebhookHost, call: Call): Promise<ReviewResponse> {
  const { webhook, attributes, mutating } = call;
  const { name, sideEffects } = webhook;
  if (attributes.dryRun && sideEffects !== "None" && sideEffects !== "NoneOnDryRun")
    throw badRequest(`admission webhook ${quoteGo(name)} does not support dry run`);
  const version = reviewVersionOf(webhook.admissionReviewVersions);
  if (version === undefined)
    throw new CallFailure(
      "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)",
      400,
    );
  const uid = uuid(host.rng);
  const body = encodeReview({ version, uid, ...call });
  const answer = await post(host, { webhook, body, attributes });
  const response = decodeReview(answer.body, { uid, version, mutating });
  for (const [key, value] of Object.entries(response.auditAnnotations)) attributes.annotate(`${name}/${key}`, value);
  for (const text of response.warnings) attributes.warn(text);
  if (!response.allowed) throw refusal(name, response.status);
  return response;
}

interface Post {
  readonly webhook: MutatingWebhook | ValidatingWebhook;
  readonly body: Uint8Array;
  readonly attributes: AdmissionAttributes;
}

async function post(host: WebhookHost, { webhook, body, attributes }: Post): Promise<WebhookAnswer> {
  const timeoutSeconds = webhook.timeoutSeconds ?? 10;
  const target = targetOf(webhook.clientConfig);
  const url = `${target.url}?timeout=${timeoutSeconds}s`;
  const fail = (why: string): CallFailure => new CallFailure(`failed to call webhook: ${why}`, 503);
  const noAnswer = (error: unknown): CallFailure => fail(`Post ${quoteGo(url)}: ${errorText(error)}`);
  if (host.webhooks === undefined) throw noAnswer(new Error("this server has no network"));
  const { authorization, ...credentials } = credentialsTowards(host, target);
  const { webhooks } = host;
  let answer: WebhookAnswer;
  try {
    answer = await webhooks.post({
      url,
      body,
      timeoutMs: timeoutSeconds * 1000,
      ...credentials,
      ...(authorization === undefined ? {} : { authorization: await authorization() }),
      ...(target.service === undefined ? {} : { service: target.service }),
      ...(target.authorities === undefined ? {} : { authorities: target.authorities }),
      ...(attributes.signal === undefined ? {} : { signal: attributes.signal }),
    });
  } catch (error) {
    throw noAnswer(error);
  }
  const { status } = answer;
  if (isFailure(answer)) throw new CallFailure(`failed to call webhook: ${failureText(answer)}`, status);
  const problem = lengthProblem(answer);
  if (problem !== undefined) throw fail(problem);
  return answer;
}

function credentialsTowards({ credentials }: WebhookHost, { url }: Target): CallerCredentials {
  const { host, port } = new URL(url);
  try {
    return credentials(port === "" ? `${host}:443` : host);
  } catch (error) {
    throw new CallFailure(`could not get REST client: ${errorText(error)}`, 500);
  }
}

interface Target {
  readonly url: string;
  readonly service?: ServicePort;
  readonly authorities?: string;
}

function targetOf({ url, service, caBundle = "" }: WebhookClientConfig): Target {
  const authorities = caBundle === "" ? {} : { authorities: pemOf(caBundle) };
  if (service !== undefined && service !== null) {
    const { namespace, name, path = "", port = 443 } = service;
    const host = `${name}.${namespace}.svc`;
    return { url: `https://${host}:${port}${cleanPath(path)}`, service: { namespace, name, port }, ...authorities };
  }
  if (!url)
    throw new CallFailure("could not get REST client: webhook configuration must have either service or URL", 500);
  const [, host = "", path = ""] = /^https:\/\/([^/?#]*)([^?#]*)/i.exec(url) ?? [];
  if (host === "")
    throw new CallFailure(`could not get REST client: Unparsable URL: ${quoteGo(url)} is no https URL`, 500);
  return { url: `https://${host}${cleanPath(path)}`, ...authorities };
}

function pemOf(caBundle: string): string {
  const text = new TextDecoder().decode(fromBase64(caBundle));
  if (!/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.test(text))
    throw new CallFailure(
      "could not get REST client: unable to load root certificates: unable to parse bytes as PEM block",
      500,
    );
  return text;
}
