// Conversion of custom resources by a webhook. Upstream: apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go.
//
// Contract: one call converts any number of objects to one version. Name, namespace, uid and kind stay; of the metadata the
// webhook may change labels and annotations alone. Whatever goes wrong is an error with upstream's text.
import type { CustomResourceDefinition } from "../../api/index.ts";
import { errorText, type Rng, uuid } from "../../base/index.ts";
import { deepClone, encodeJson, isObject, type KubeObject, quoteGo } from "../../machinery/index.ts";
import type { WebhookAnswer, WebhookConnections } from "../contract.ts";
import { plainFailure } from "../registry/read/get.ts";
import { failureText, isFailure } from "../remote/hook-answers.ts";

const timeoutMs = 30_000;

export interface ConversionHost {
  readonly rng: Rng;
  readonly webhooks: WebhookConnections | undefined;
}

export type Converter = (objects: readonly KubeObject[], apiVersion: string) => Promise<KubeObject[]>;

/** Undefined when versions differ by name alone. */
export function webhookConverter(host: ConversionHost, definition: CustomResourceDefinition): Converter | undefined {
  const { conversion, group, names } = definition.spec;
  if (conversion?.strategy !== "Webhook") return undefined;
  const config = conversion.webhook?.clientConfig ?? {};
  const reviewVersion = conversion.webhook?.conversionReviewVersions?.find(
    (each) => each === "v1" || each === "v1beta1",
  );
  return async (objects, apiVersion) => {
    const wanted = objects.filter((object) => object.apiVersion !== apiVersion);
    const [first] = wanted;
    if (first === undefined) return [...objects];
    const shownKind = `${group}/${first.apiVersion.slice(group.length + 1)}, Kind=${names.kind}`;
    const about = `conversion webhook for ${shownKind}`;
    if (reviewVersion === undefined) throw plainFailure("no supported conversion review versions");
    const uid = uuid(host.rng);
    const review = {
      kind: "ConversionReview",
      apiVersion: `apiextensions.k8s.io/${reviewVersion}`,
      request: { uid, desiredAPIVersion: apiVersion, objects: wanted },
    };
    const answered = await call(host, config, review).catch((error: unknown) => {
      throw plainFailure(`${about} failed: ${errorText(error)}`);
    });
    const converted = convertedObjects(answered, { uid, reviewVersion, about });
    if (converted.length !== wanted.length)
      throw plainFailure(`${about} returned ${converted.length} objects, expected ${wanted.length}`);
    let next = 0;
    return objects.map((object) => {
      if (object.apiVersion === apiVersion) return object;
      const index = next++;
      return checked(object, converted[index], { apiVersion, about: `${about} returned invalid`, index });
    });
  };
}

type ClientConfig = NonNullable<NonNullable<CustomResourceDefinition["spec"]["conversion"]>["webhook"]>["clientConfig"];

async function call(host: ConversionHost, config: ClientConfig, review: object): Promise<unknown> {
  const { url: own, service, caBundle } = config ?? {};
  const path = (service?.path ?? "").replace(/^\/*/, "/");
  const url =
    service === undefined
      ? `${own ?? ""}?timeout=30s`
      : `https://${service.name}.${service.namespace}.svc:${service.port ?? 443}${path === "/" ? "" : path}?timeout=30s`;
  const noAnswer = (why: string): Error => new Error(`Post ${quoteGo(url)}: ${why}`);
  if (host.webhooks === undefined) throw noAnswer("this server has no network");
  let answer: WebhookAnswer;
  try {
    answer = await host.webhooks.post({
      url,
      body: encodeJson(review),
      timeoutMs,
      ...(service === undefined
        ? {}
        : { service: { namespace: service.namespace, name: service.name, port: service.port ?? 443 } }),
      ...(caBundle ? { authorities: atob(caBundle) } : {}),
    });
  } catch (error) {
    throw noAnswer((error as Error).message);
  }
  const text = new TextDecoder().decode(answer.body);
  if (isFailure(answer)) throw new Error(failureText(answer));
  return JSON.parse(text);
}

function convertedObjects(
  answer: unknown,
  { uid, reviewVersion, about }: { uid: string; reviewVersion: string; about: string },
): readonly unknown[] {
  const fail = (why: string): Error => plainFailure(`${about} failed: ${why}`);
  const review = isObject(answer) ? answer : {};
  const [group, version] = String(review["apiVersion"] ?? "").split("/");
  if (
    reviewVersion === "v1" &&
    (review["kind"] !== "ConversionReview" || review["apiVersion"] !== "apiextensions.k8s.io/v1")
  )
    throw fail(
      `expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got ${group ?? ""}/${version ?? ""}, Kind=${String(review["kind"] ?? "")}`,
    );
  const response = review["response"];
  if (!isObject(response)) throw fail("no response provided");
  if (reviewVersion === "v1" && response["uid"] !== uid)
    throw fail(`expected response.uid=${quoteGo(uid)}, got ${quoteGo(String(response["uid"] ?? ""))}`);
  const result = isObject(response["result"]) ? response["result"] : {};
  if (result["status"] !== "Success")
    throw fail(
      typeof result["message"] === "string" && result["message"] !== ""
        ? result["message"]
        : `response.result.status was '${String(result["status"] ?? "")}', not 'Success'`,
    );
  return Array.isArray(response["convertedObjects"]) ? response["convertedObjects"] : [];
}

/** The converted object with the metadata of the one that was sent. */
function checked(
  sent: KubeObject,
  answered: unknown,
  { apiVersion, about, index }: { apiVersion: string; about: string; index: number },
): KubeObject {
  const object = (isObject(answered) ? answered : {}) as unknown as KubeObject;
  const at = `${about} object at index ${index}`;
  if (object.apiVersion !== apiVersion)
    throw plainFailure(`${at}: invalid groupVersion (expected ${apiVersion}, received ${object.apiVersion ?? ""})`);
  if (object.kind !== sent.kind)
    throw plainFailure(`${at}: invalid kind (expected ${sent.kind}, received ${object.kind ?? ""})`);
  if (!isObject(object.metadata)) throw plainFailure(`${about} metadata: missing metadata in converted object`);
  for (const [name, word] of [
    ["name", "name"],
    ["namespace", "namespace"],
    ["uid", "UID"],
  ] as const)
    if ((sent.metadata[name] ?? "") !== (object.metadata[name] ?? ""))
      throw plainFailure(
        `${about} object: must have the same ${word}: ${sent.metadata[name] ?? ""} != ${object.metadata[name] ?? ""}`,
      );
  const metadata = deepClone(sent.metadata);
  for (const name of ["labels", "annotations"] as const) {
    const answered = object.metadata[name];
    if (answered === undefined || answered === null) delete metadata[name];
    else metadata[name] = answered;
  }
  return { ...object, metadata };
}
