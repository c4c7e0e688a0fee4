// One request, one answer: what all verbs share. An answer of 4xx/5xx becomes a StatusError here, once.
import {
  type ApiRequest,
  type ApiResponse,
  type HttpMethod,
  type Status,
  StatusError,
  type Transport,
} from "../machinery/index.ts";

export interface Outgoing {
  readonly method: HttpMethod;
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly body?: object;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

export interface Sender {
  /** The decoded body. Throws StatusError for 4xx/5xx. */
  send<R>(request: Outgoing): Promise<R>;
  /** The answer with its body still to be read. Throws StatusError for 4xx/5xx. */
  open(request: Outgoing): Promise<ApiResponse>;
  /** The answer whatever its status is. */
  raw(request: Outgoing): Promise<ApiResponse>;
}

export function createSender(transport: Transport, userAgent: string): Sender {
  const raw = (request: Outgoing): Promise<ApiResponse> => {
    const headers: Record<string, string> = {
      accept: request.accept ?? "application/json",
      "user-agent": userAgent,
    };
    if (request.body !== undefined) headers["content-type"] = request.contentType ?? "application/json";
    const { method, path, query, body, signal } = request;
    const outgoing: ApiRequest = {
      method,
      path,
      headers,
      ...(query !== undefined && query.size > 0 ? { query } : {}),
      ...(body !== undefined ? { body } : {}),
      ...(signal !== undefined ? { signal } : {}),
    };
    return transport.request(outgoing);
  };
  const open = async (request: Outgoing): Promise<ApiResponse> => {
    const answer = await raw(request);
    if (answer.status >= 400) throw await statusErrorOf(answer, request);
    return answer;
  };
  return {
    raw,
    open,
    send: async <R>(request: Outgoing) => (await bodyOf(await open(request))) as R,
  };
}

const decoder = new TextDecoder();

export async function textOf(answer: ApiResponse): Promise<string> {
  if (answer.object !== undefined)
    return typeof answer.object === "string" ? answer.object : JSON.stringify(answer.object);
  return decoder.decode(join(await chunksOf(answer)));
}

async function bodyOf(answer: ApiResponse): Promise<unknown> {
  if (answer.object !== undefined) return answer.object;
  const bytes = join(await chunksOf(answer));
  return bytes.length === 0 ? undefined : JSON.parse(decoder.decode(bytes));
}

async function chunksOf(answer: ApiResponse): Promise<readonly Uint8Array[]> {
  if (answer.bytes !== undefined) return answer.bytes;
  const chunks: Uint8Array[] = [];
  if (answer.stream !== undefined) for await (const chunk of answer.stream) chunks.push(chunk);
  return chunks;
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}

async function statusErrorOf(answer: ApiResponse, request: Outgoing): Promise<StatusError> {
  const headers = Object.fromEntries(
    Object.entries(answer.headers).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
  const text = await textOf(answer);
  const status = parseStatus(text);
  if (status !== undefined) return new StatusError(status, headers);
  // Proxies and load balancers answer in their own words.
  return new StatusError(
    {
      code: answer.status,
      reason: reasonOfCode[answer.status] ?? "Unknown",
      message: `the server answered ${answer.status} to ${request.method} ${request.path}: ${text.slice(0, 500)}`,
    },
    headers,
  );
}

function isStatus(value: unknown): value is Status {
  return value !== null && typeof value === "object" && (value as Partial<Status>).kind === "Status";
}

function parseStatus(text: string): Status | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return isStatus(value) ? value : undefined;
}

/** Upstream: apimachinery NewGenericServerResponse. */
const reasonOfCode: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  409: "Conflict",
  410: "Gone",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};
