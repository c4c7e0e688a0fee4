// Requests to a test server as a wire client sends them.
import type { ApiResponse, HttpMethod, UserInfo, WatchFrame } from "../machinery/index.ts";
import type { ApiServer } from "./server.ts";

const admin: UserInfo = { username: "admin", groups: ["system:masters", "system:authenticated"] };
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface Answered {
  readonly code: number;
  /** Parsed when it is JSON. */
  readonly body: Json;
  readonly text: string;
  readonly warnings: readonly string[];
  readonly response: ApiResponse;
}

/** Loosely typed on purpose: tests look at answers as clients see them. */
export interface Json {
  readonly [key: string]: Json;
  readonly [index: number]: Json;
}

export interface Asked {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly user?: UserInfo;
  readonly signal?: AbortSignal;
}

/** `GET /api/v1/pods?limit=1`. */
export async function ask(server: Pick<ApiServer, "handle">, line: string, asked: Asked = {}): Promise<Answered> {
  const [method, target] = line.split(" ") as [HttpMethod, string];
  const [path, query] = target.split("?") as [string, string | undefined];
  const { body } = asked;
  const response = await server.handle(
    {
      method,
      path,
      ...(query === undefined ? {} : { query: new URLSearchParams(query) }),
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...asked.headers },
      ...(body === undefined
        ? {}
        : {
            body:
              body instanceof Uint8Array
                ? body
                : encoder.encode(typeof body === "string" ? body : JSON.stringify(body)),
          }),
      ...(asked.signal === undefined ? {} : { signal: asked.signal }),
    },
    { kind: "user", user: asked.user ?? admin },
  );
  const text = (response.bytes ?? []).map((bytes) => decoder.decode(bytes)).join("");
  const type = String(response.headers["content-type"] ?? "");
  const warning = response.headers["warning"];
  return {
    code: response.status,
    text,
    body: (type.startsWith("application/json") && text !== "" ? JSON.parse(text) : {}) as Json,
    warnings: warning === undefined ? [] : typeof warning === "string" ? [warning] : warning,
    response,
  };
}

/** The next `count` events of a watch, parsed. */
export async function nextEvents(
  frames: AsyncIterator<readonly WatchFrame[]>,
  count: number,
): Promise<{ type: string; object: Json }[]> {
  const events: { type: string; object: Json }[] = [];
  while (events.length < count) {
    const { value, done } = await frames.next();
    if (done === true) break;
    for (const frame of value) events.push(JSON.parse(decoder.decode(frame.bytes)));
  }
  return events;
}
