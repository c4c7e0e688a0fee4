// What an answer says that is an error, in client-go's words. Upstream: client-go's rest/request.go transformResponse.
import { genericResponse, isObject, JsonSyntaxError, parseJson } from "../../machinery/index.ts";
import type { WebhookAnswer } from "../contract.ts";

const mostText = 2048;

export const isFailure = ({ status }: WebhookAnswer): boolean => status < 200 || status > 206;

export const headerOf = ({ headers }: WebhookAnswer, name: string): string => String(headers[name] ?? "");

export function failureText(answer: WebhookAnswer): string {
  const said = statusMessage(answer.body);
  if (said !== undefined) return said;
  const type = headerOf(answer, "content-type");
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
