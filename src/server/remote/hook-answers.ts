// Answers of webhooks, read as client-go reads them and with its words for what is wrong. Upstream: client-go's rest/request.go
// transformResponse and Into, apimachinery's json serializer.
import {
  builtinSchemas,
  fromYaml,
  genericResponse,
  isObject,
  JsonSyntaxError,
  parseApiVersion,
  parseJson,
  plainCopy,
  quoteGo,
  YamlError,
} from "../../machinery/index.ts";
import type { WebhookAnswer } from "../contract.ts";

const mostText = 2048;

export const isFailure = ({ status }: WebhookAnswer): boolean => status < 200 || status > 206;

const contentType = ({ headers }: WebhookAnswer): string => String(headers["content-type"] ?? "");

/** What is wrong with an answer without a body. */
export const lengthProblem = (answer: WebhookAnswer): string | undefined =>
  answer.body.length > 0
    ? undefined
    : `0-length response with status code: ${answer.status} and content type: ${contentType(answer)}`;

/** Without empty segments and a slash at the end, as Go's path.Join leaves it. */
export const cleanPath = (path: string): string =>
  `/${path
    .split("/")
    .filter((each) => each !== "")
    .join("/")}`;

export function failureText(answer: WebhookAnswer): string {
  const said = statusMessage(answer.body);
  if (said !== undefined) return said;
  const type = contentType(answer);
  const isText = type === "" || type.startsWith("text/");
  const message = isText ? new TextDecoder().decode(answer.body.subarray(0, mostText)).trim() : "unknown";
  return genericResponse(answer.status, message).message;
}

/** A Status in the body speaks for itself. */
function statusMessage(body: Uint8Array): string | undefined {
  try {
    const { value } = parseJson(new TextDecoder().decode(body));
    if (!isObject(value) || value["kind"] !== "Status" || value["status"] !== "Failure") return undefined;
    return typeof value["message"] === "string" ? value["message"] : "";
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

/** The answer is not what was asked for. */
export class UnreadableAnswer extends Error {
  override readonly name = "UnreadableAnswer";
}

export interface ReviewKind {
  readonly group: string;
  readonly version: "v1" | "v1beta1";
  readonly kind: string;
}

/** A review of that kind, or one that does not say what it is. Throws UnreadableAnswer. */
export function readAnswer(body: Uint8Array, expected: ReviewKind): Record<string, unknown> {
  const review = parsed(body);
  checkKind(review, expected);
  return review;
}

/** JSON, or what YAML makes of it. */
function parsed(body: Uint8Array): Record<string, unknown> {
  const text = new TextDecoder().decode(body);
  let value: unknown;
  try {
    value = plainCopy(parseJson(text).value);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    value = yamlValue(text, error);
  }
  if (isObject(value)) return value;
  throw unreadable(
    `json: cannot unmarshal ${goName(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
  );
}

const unreadable = (why: string): UnreadableAnswer =>
  new UnreadableAnswer(`couldn't get version/kind; json parse error: ${why}`);

function yamlValue(text: string, json: JsonSyntaxError): unknown {
  try {
    return fromYaml(text)[0];
  } catch (error) {
    if (error instanceof YamlError) throw unreadable(json.message);
    throw error;
  }
}

/** A JSON type as Go names it. */
export const goName = (value: unknown): string =>
  Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;

/** Groups whose services upstream asks with a client that knows every kind; others know their own reviews alone. */
const ofClients: ReadonlySet<string> = new Set(["authentication.k8s.io", "authorization.k8s.io"]);

/** An answer of another kind than the request can not even be decoded. Without a kind it is taken for the expected one. */
function checkKind(review: Record<string, unknown>, { group, version, kind: wanted }: ReviewKind): void {
  const { apiVersion = "", kind = "" } = review as { apiVersion?: string; kind?: string };
  if (apiVersion === "" && kind === "") return;
  if (apiVersion === `${group}/${version}` && kind === wanted) return;
  const known =
    ([`${group}/v1`, `${group}/v1beta1`].includes(apiVersion) && kind === wanted) ||
    (apiVersion === "v1" && kind === "Status") ||
    (ofClients.has(group) && builtinSchemas().ofKind({ ...parseApiVersion(apiVersion), kind }) !== undefined);
  throw new UnreadableAnswer(
    known
      ? `converting (${apiVersion.split("/").at(-1)}.${kind}) to (${version}.${wanted}): unknown conversion`
      : `no kind ${quoteGo(kind)} is registered for version ${quoteGo(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
  );
}
