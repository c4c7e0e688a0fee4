// Accounts, a pod, a node and a Secret, with all that authenticates by tokens.
import { nodes, pods, secrets, serviceAccounts, type TokenRequest } from "../../api/index.ts";
import { seededRng, silentLogger, VirtualClock } from "../../base/index.ts";
import type { ApiRequest, KubeObject } from "../../machinery/index.ts";
import { memoryObjects } from "../authz/reader.fixture.ts";
import { p256Key } from "../node/keys.fixture.ts";
import { createTokenIssuer } from "../node/token-issuer.ts";
import { bootstrapTokens } from "./bootstrap-tokens.ts";
import { createAuthenticator } from "./create.ts";
import { InvalidCredentials } from "./credentials.ts";
import { defaultRequestHeaders } from "./request-header.ts";
import { serviceAccountTokens } from "./service-accounts.ts";
import { parseTokenFile, staticTokens } from "./static-tokens.ts";
import { tokenRequests } from "./token-request.ts";

export const issuerName = "https://kubernetes.default.svc";
export const request = (headers: Record<string, string> = {}): ApiRequest => ({ method: "GET", path: "/", headers });
export const bearer = (token: string): ApiRequest => request({ authorization: `Bearer ${token}` });
export const object = (kind: string, name: string, rest: object = {}, metadata: object = {}): KubeObject =>
  ({
    apiVersion: "v1",
    kind,
    metadata: { name, namespace: kind === "Node" ? undefined : "ns", uid: `${kind}-${name}`, ...metadata },
    ...rest,
  }) as KubeObject;

export function world(options: { maxExpirationSeconds?: number } = {}) {
  const objects = memoryObjects();
  const clock = new VirtualClock();
  const issuer = createTokenIssuer({ issuers: [issuerName], signingKey: p256Key });
  objects.set(serviceAccounts, object("ServiceAccount", "bot"));
  objects.set(pods, object("Pod", "p", { spec: { serviceAccountName: "bot", nodeName: "n" } }));
  objects.set(secrets, object("Secret", "s"));
  objects.set(nodes, object("Node", "n"));
  const { reader } = objects;
  const create = tokenRequests({ issuer, reader, clock, rng: seededRng(1), ...options });
  const authenticator = createAuthenticator({
    tokens: [
      staticTokens(parseTokenFile('admin-token,admin,1,"system:masters"\n', "tokens.csv")),
      serviceAccountTokens({ issuer, reader, clock }),
      bootstrapTokens({ reader, clock, log: silentLogger }),
    ],
    audiences: issuer.audiences,
    requestHeader: defaultRequestHeaders,
  });
  const warnings: string[] = [];
  const ask = (spec: object, metadata: object = {}, name = "bot") =>
    create({
      namespace: "ns",
      name,
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", metadata, spec } as TokenRequest,
      validate: async () => {},
      warn: (text) => warnings.push(text),
      annotate: () => {},
    });
  const tokenFor = async (spec: object): Promise<string> => (await ask(spec)).status!.token!;
  const why = async (token: string): Promise<string> => {
    try {
      await authenticator.authenticate(bearer(token), {});
    } catch (error) {
      if (!(error instanceof InvalidCredentials) || error.code !== 401) throw error;
      return error.why;
    }
    return "accepted";
  };
  return { objects, clock, issuer, authenticator, ask, tokenFor, why, warnings };
}
