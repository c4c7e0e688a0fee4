// Conversion of custom resources by a webhook. Upstream: apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go.
//
// Contract: one call converts any number of objects to one version. Name, namespace, uid and kind stay; of the metadata the
// webhook may change labels and annotations alone. Whatever goes wrong is an error with upstream's text.
import type { CustomResourceDefinition } from "../../api/index.ts";
import { errorText, type Rng, uuid } from "../../base/index.ts";
import {
  asObject,
  deepClone,
  deepEqual,
  encodeJson,
  type FieldError,
  field,
  isObject,
  type KubeObject,
  labelValue,
  qualifiedName,
  quoteGo,
  toJson,
} from "../../machinery/index.ts";
import { aggregate } from "../authz/modes.ts";
import type { WebhookAnswer, WebhookConnections } from "../contract.ts";
import { plainFailure } from "../registry/read/get.ts";
import { cleanPath, failureText, goName, isFailure, lengthProblem, readAnswer } from "../remote/hook-answers.ts";

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
    (each): each is "v1" | "v1beta1" => each === "v1" || each === "v1beta1",
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
      // Upstream sends the empty answer along.
      response: { uid: "", convertedObjects: null, result: { metadata: {} } },
    };
    const answered = await call(host, config, { review, reviewVersion }).catch((error: unknown) => {
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

async function call(
  host: ConversionHost,
  config: ClientConfig,
  { review, reviewVersion }: { readonly review: object; readonly reviewVersion: "v1" | "v1beta1" },
): Promise<Readonly<Record<string, unknown>>> {
  const { url: own, service, caBundle } = config ?? {};
  const [, origin = "", path = ""] = /^(https:\/\/[^/?#]*)([^?#]*)/i.exec(own ?? "") ?? [];
  const url =
    service === undefined
      ? `${origin}${cleanPath(path)}?timeout=30s`
      : `https://${service.name}.${service.namespace}.svc:${service.port ?? 443}${cleanPath(service.path ?? "")}?timeout=30s`;
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
  if (isFailure(answer)) throw new Error(failureText(answer));
  const problem = lengthProblem(answer);
  if (problem !== undefined) throw new Error(problem);
  return readAnswer(answer.body, { group: "apiextensions.k8s.io", version: reviewVersion, kind: "ConversionReview" });
}

function convertedObjects(
  review: Readonly<Record<string, unknown>>,
  { uid, reviewVersion, about }: { uid: string; reviewVersion: "v1" | "v1beta1"; about: string },
): readonly unknown[] {
  const fail = (why: string): Error => plainFailure(`${about} failed: ${why}`);
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
  const object = decoded(answered);
  const at = `${about} object at index ${index}`;
  if (object.apiVersion !== apiVersion)
    throw plainFailure(`${at}: invalid groupVersion (expected ${apiVersion}, received ${object.apiVersion ?? ""})`);
  if (object.kind !== sent.kind)
    throw plainFailure(`${at}: invalid kind (expected ${sent.kind}, received ${object.kind})`);
  const given: Readonly<Record<string, unknown>> = isObject(object.metadata) ? object.metadata : {};
  for (const [name, word] of [
    ["name", "name"],
    ["namespace", "namespace"],
    ["uid", "UID"],
  ] as const) {
    const [was, is] = [textOr(sent.metadata[name]), textOr(given[name])];
    if (was !== is) throw plainFailure(`${about} object: must have the same ${word}: ${was} != ${is}`);
  }
  const metadata = deepClone(sent.metadata);
  for (const name of ["labels", "annotations"] as const) {
    const map = given[name];
    if (map === undefined || map === null) delete metadata[name];
    else metadata[name] = checkedTexts(map, { name, before: sent.metadata[name], about: `${about} metadata` });
  }
  return { ...object, metadata };
}

const textOr = (value: unknown): string => (typeof value === "string" ? value : "");

/** What can not be an object is told by itself, as upstream does. */
function decoded(answered: unknown): KubeObject {
  if (answered === null || answered === undefined) throw plainFailure("unexpected end of JSON input");
  if (!isObject(answered))
    throw plainFailure(`json: cannot unmarshal ${goName(answered)} into Go value of type map[string]interface {}`);
  if (typeof answered["kind"] !== "string" || answered["kind"] === "")
    throw plainFailure(`Object 'Kind' is missing in '${toJson(answered)}'`);
  return asObject(answered);
}

type Texts = Readonly<Record<string, string>>;

interface Changed {
  readonly name: "labels" | "annotations";
  readonly before: Texts | undefined;
  readonly about: string;
}

/** Labels or annotations of a webhook. What it has not changed is not looked at. */
function checkedTexts(map: unknown, { name, before = {}, about }: Changed): Texts {
  if (!isObject(map))
    throw plainFailure(`${about}: invalid metadata.${name} of type ${goType(map)} in converted object`);
  for (const [key, value] of Object.entries(map))
    if (typeof value !== "string")
      throw plainFailure(
        `${about}: metadata.${name}[${key}] must be a string, but is ${goType(value)} in converted object`,
      );
  const texts = map as Texts;
  if (deepEqual(texts, before)) return texts;
  const found: FieldError[] = [];
  for (const [key, value] of Object.entries(texts)) {
    const at = name === "labels" ? "metadata.labels" : "metadata.annotation";
    for (const why of qualifiedName(name === "labels" ? key : key.toLowerCase()))
      found.push(field.invalid(at, key, why));
    if (name === "labels") for (const why of labelValue(value)) found.push(field.invalid(at, value, why));
  }
  if (found.length > 0)
    throw plainFailure(`${about}: ${aggregate(found.map((each) => `${each.field}: ${each.message}`))}`);
  return texts;
}

/** The type that Go gives a value of JSON. */
function goType(value: unknown): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "number":
      return Number.isInteger(value) ? "int64" : "float64";
    case "string":
      return "string";
    default:
      return "map[string]interface {}";
  }
}
