// The answer of a request that failed, in the form that was asked for.
import { errorText, type Logger } from "../../base/index.ts";
import { type ApiRequest, type ApiResponse, quoteGo, StatusError, toYaml } from "../../machinery/index.ts";
import { NotAudited } from "../audit/contract.ts";
import { cborResponse, cborType } from "../content/cbor.ts";
import { indentJson, jsonBody } from "../content/json-body.ts";
import { negotiateError } from "../content/negotiate.ts";
import { protobufResponse, protobufType } from "../content/protobuf.ts";
import { textResponse } from "../documents/documents.ts";
import { TooManyRequests } from "../flowcontrol/gate.ts";
import { NotDecided } from "./authorize.ts";

/** `cbor`: who answers speaks it. A StatusError goes out as it is. Anything else is our fault: 500, and the log says which request it was. */
export function failure(
  request: ApiRequest,
  error: unknown,
  { auditId, log, cbor }: { readonly auditId: string; readonly log: Logger; readonly cbor: boolean },
): ApiResponse | Promise<ApiResponse> {
  if (error instanceof TooManyRequests && request.objects !== true) return refusedForNow(error);
  if ((error instanceof NotAudited || error instanceof NotDecided) && request.objects !== true)
    return plainError(request, error);
  if (error instanceof StatusError) return statusResponse(request, error, cbor);
  log.error("a request failed unexpectedly", {
    auditId,
    method: request.method,
    path: request.path,
    error,
    stack: (error as Error)?.stack,
  });
  const message = errorText(error);
  const status = new StatusError({
    code: 500,
    reason: "InternalError",
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] },
  });
  return statusResponse(request, status, cbor);
}

const refusedForNow = (error: TooManyRequests): ApiResponse => {
  const { headers, ...response } = textResponse(429, `${error.message}\n`);
  return { ...response, headers: { ...headers, ...error.headers } };
};

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

const plainError = ({ path, query }: ApiRequest, error: Error): ApiResponse => {
  const uri = query === undefined || query.size === 0 ? path : `${path}?${query}`;
  const text = `Internal Server Error: ${quoteGo(uri)}: ${error.message}`;
  return textResponse(500, `${text.replace(/[&<>]/g, (each) => escapes[each]!)}\n`);
};

function statusResponse(request: ApiRequest, error: StatusError, cbor: boolean): ApiResponse | Promise<ApiResponse> {
  const headers = error.headers;
  if (request.objects === true)
    return { status: error.code, headers: { ...headers, "content-type": "application/json" }, object: error.status };
  const mediaType = negotiateError(request.headers["accept"], cbor);
  if (mediaType === protobufType) return protobufResponse(error.code, error.status);
  if (mediaType === cborType) {
    const response = cborResponse(error.code, error.status);
    return { ...response, headers: { ...headers, ...response.headers } };
  }
  const encoder = new TextEncoder();
  if (mediaType === "application/yaml") {
    const bytes = [encoder.encode(toYaml(error.status))];
    return { status: error.code, headers: { ...headers, "content-type": mediaType }, bytes };
  }
  const json = encoder.encode(JSON.stringify(error.status));
  const bytes = mediaType === undefined ? [indentJson(json)] : jsonBody(request, json);
  return { status: error.code, headers: { ...headers, "content-type": "application/json" }, bytes };
}
