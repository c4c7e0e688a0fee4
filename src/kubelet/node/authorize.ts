// Who asks the kubelet, and whether they may. Upstream: pkg/kubelet/server/auth.go, with fine-grained resources (KEP-2862).
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { type SubjectAccessReview, subjectAccessReviews, type TokenReview, tokenReviews } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";

export interface Asker {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
}

export interface AccessOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly nodeName: string;
  /** `webhook` asks the API server; `alwaysAllow` lets every authenticated caller in. */
  readonly mode: "webhook" | "alwaysAllow";
}

export type Verdict =
  | { readonly status: 200; readonly asker: Asker }
  | { readonly status: 401 | 403; readonly message: string };

const allowMs = 300_000;
const denyMs = 30_000;

export function createAccess(options: AccessOptions): (request: IncomingMessage, path: string) => Promise<Verdict> {
  const cache = new Map<string, { allowed: boolean; untilMs: number }>();
  const allowed = async (asker: Asker, verb: string, subresource: string): Promise<boolean> => {
    const key = JSON.stringify([asker, verb, subresource]);
    const nowMs = options.clock.monotonic();
    const known = cache.get(key);
    if (known !== undefined && known.untilMs > nowMs) return known.allowed;
    const review = (await options.client.of(subjectAccessReviews).create({
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      metadata: {},
      spec: {
        user: asker.username,
        groups: [...asker.groups],
        resourceAttributes: { verb, version: "v1", resource: "nodes", subresource, name: options.nodeName },
      },
    })) as SubjectAccessReview;
    const answer = review.status?.allowed === true;
    if (cache.size > 2000) cache.clear();
    cache.set(key, { allowed: answer, untilMs: nowMs + (answer ? allowMs : denyMs) });
    return answer;
  };
  return async (request, path) => {
    const asker = certificateUser(request) ?? (await tokenUser(options.client, request));
    if (asker === undefined) return { status: 401, message: "Unauthorized" };
    if (options.mode === "alwaysAllow") return { status: 200, asker };
    const verb = verbs[request.method ?? "GET"] ?? "get";
    const asked = resourcesFor(path);
    for (const subresource of asked) if (await allowed(asker, verb, subresource)) return { status: 200, asker };
    return {
      status: 403,
      message: `Forbidden (user=${asker.username}, verb=${verb}, resource=nodes, subresource(s)=[${asked.join(" ")}])`,
    };
  };
}

const verbs: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** In order of asking: the fine one first, then proxy as before 1.33. */
function resourcesFor(path: string): string[] {
  const below = (prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);
  if (below("/stats")) return ["stats"];
  if (below("/metrics")) return ["metrics"];
  if (below("/logs")) return ["log"];
  if (below("/checkpoint")) return ["checkpoint"];
  if (below("/healthz")) return ["healthz", "proxy"];
  if (below("/configz")) return ["configz", "proxy"];
  if (below("/pods") || below("/runningpods")) return ["pods", "proxy"];
  return ["proxy"];
}

function certificateUser(request: IncomingMessage): Asker | undefined {
  const socket = request.socket as Partial<TLSSocket>;
  if (socket.authorized !== true) return undefined;
  const subject = socket.getPeerCertificate?.().subject as
    | { CN?: string | string[]; O?: string | string[] }
    | undefined;
  const username = [subject?.CN ?? []].flat()[0];
  return username === undefined
    ? undefined
    : { username, groups: [...[subject?.O ?? []].flat(), "system:authenticated"] };
}

async function tokenUser(client: Client, request: IncomingMessage): Promise<Asker | undefined> {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined) return undefined;
  const review = (await client.of(tokenReviews).create({
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenReview",
    metadata: {},
    spec: { token },
  })) as TokenReview;
  const user = review.status?.authenticated === true ? review.status.user : undefined;
  return user?.username === undefined
    ? undefined
    : { username: user.username, groups: user.groups ?? [], ...(user.uid === undefined ? {} : { uid: user.uid }) };
}
