// The server that hostile requests are sent to: with everything that answers them in a cluster, except kubelets.
import { systemClock, systemRng } from "../../src/base/index.ts";
import type { Identity } from "../../src/machinery/index.ts";
import { createAuthenticator } from "../../src/server/authn/create.ts";
import { authenticationReviews } from "../../src/server/authn/reviews.ts";
import { serviceAccountTokens } from "../../src/server/authn/service-accounts.ts";
import { parseTokenFile, staticTokens } from "../../src/server/authn/static-tokens.ts";
import { tokenRequests } from "../../src/server/authn/token-request.ts";
import { accessReviews } from "../../src/server/authz/reviews.ts";
import type { Authenticator } from "../../src/server/contract.ts";
import { p256Key } from "../../src/server/node/keys.fixture.ts";
import { createTokenIssuer } from "../../src/server/node/token-issuer.ts";
import { connectHandler } from "../../src/server/streaming/handler.ts";
import { type TestServer, testServer } from "../../src/server/testing.ts";
import { core, pod } from "./bodies.ts";

const admin: Identity = { kind: "user", user: { username: "admin", groups: ["system:masters"] } };
/** Of the administrator, over the wire. */
export const adminToken = "hostile-admin";

/** What is there before the first request: a namespace with its account, a node, a pod on it. */
const objects: readonly (readonly [path: string, body: string])[] = [
  ["/api/v1/namespaces", '{"metadata":{"name":"default"}}'],
  [`${core}/serviceaccounts`, '{"metadata":{"name":"default"}}'],
  [
    "/api/v1/nodes",
    '{"metadata":{"name":"node"},"status":{"addresses":[{"type":"InternalIP","address":"192.0.2.9"}]}}',
  ],
  [`${core}/pods`, pod("bound", '"nodeName":"node","containers":[{"name":"c","image":"i"}]')],
];

export async function hostileServer(): Promise<TestServer> {
  const issuer = createTokenIssuer({ issuers: ["https://kubernetes.default.svc"], signingKey: p256Key });
  const clock = systemClock;
  // Reviews ask the server that they are part of.
  const late: Authenticator = {
    authenticate: (request, peer) => server.authenticator.authenticate(request, peer),
    authenticateToken: (token, audiences) => server.authenticator.authenticateToken(token, audiences),
  };
  const server: TestServer = await testServer({
    authenticator: (reader) =>
      createAuthenticator({
        tokens: [
          staticTokens(parseTokenFile(`${adminToken},admin,1,system:masters`, "tokens.csv")),
          serviceAccountTokens({ issuer, reader, clock }),
        ],
        audiences: issuer.audiences,
      }),
    tokenRequests: ({ reader }) => tokenRequests({ issuer, reader, clock, rng: systemRng }),
    virtualKinds: () => [...accessReviews, ...authenticationReviews({ authenticator: late })],
    connect: connectHandler({
      rng: systemRng,
      lookup: () => Promise.reject(new Error("no name is known")),
      dialer: {
        request: () => Promise.reject(new Error("no kubelet is there")),
      },
    }),
  });
  for (const [path, body] of objects) {
    const response = await server.handle(
      {
        method: "POST",
        path,
        query: new URLSearchParams(),
        headers: { "content-type": "application/json" },
        body: new TextEncoder().encode(body),
      },
      admin,
    );
    // The namespace may be there already.
    if (response.status !== 201 && response.status !== 409) throw new Error(`${path} was answered ${response.status}`);
  }
  return server;
}
