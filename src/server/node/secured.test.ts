// A whole API server behind its listener: who asks, who may, and nobody grants more than they hold.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { request as httpsRequest } from "node:https";
import { after, before, describe, it } from "node:test";
import { seededRng, silentLogger, systemClock, systemRng } from "../../base/index.ts";
import { createAuthenticator } from "../authn/create.ts";
import { authenticationReviews } from "../authn/reviews.ts";
import { serviceAccountTokens } from "../authn/service-accounts.ts";
import { parseTokenFile, staticTokens } from "../authn/static-tokens.ts";
import { tokenRequests } from "../authn/token-request.ts";
import { createAuthorizer } from "../authz/create.ts";
import { accessReviews } from "../authz/reviews.ts";
import type { Authenticator } from "../contract.ts";
import { type TestServer, testServer } from "../testing.ts";
import { testAuthority } from "./certificates.fixture.ts";
import { p256Key } from "./keys.fixture.ts";
import { type Listener, serveHttps } from "./listen.ts";
import { createTokenIssuer } from "./token-issuer.ts";

interface Answer {
  readonly code: number;
  readonly body: Record<string, unknown> & {
    readonly message?: string;
    readonly status?: Record<string, unknown>;
    readonly metadata?: { readonly name: string };
  };
}

describe("a secured server", () => {
  const authority = testAuthority(seededRng(5));
  const serving = authority.issue({ commonName: "kube-apiserver", hosts: ["127.0.0.1"], usage: "server" });
  const ann = authority.issue({ commonName: "ann", usage: "client" });
  const node = authority.issue({ commonName: "system:node:n1", organizations: ["system:nodes"], usage: "client" });
  const admin = { token: "admin-token" };
  let server: TestServer;
  /** Reviews ask the server that they are part of. */
  const late: Authenticator = {
    authenticate: (request, peer) => server.authenticator.authenticate(request, peer),
    authenticateToken: (token, audiences) => server.authenticator.authenticateToken(token, audiences),
  };
  let listener: Listener;

  before(async () => {
    const issuer = createTokenIssuer({ issuers: ["https://kubernetes.default.svc"], signingKey: p256Key });
    const clock = systemClock;
    server = await testServer({
      authenticator: (reader) =>
        createAuthenticator({
          tokens: [
            staticTokens(parseTokenFile("admin-token,admin,1,system:masters", "tokens.csv")),
            serviceAccountTokens({ issuer, reader, clock }),
          ],
          audiences: issuer.audiences,
        }),
      authorizer: (reader) => createAuthorizer(["Node", "RBAC"], reader),
      admission: { enable: ["NodeRestriction"] },
      tokenRequests: ({ reader }) => tokenRequests({ issuer, reader, clock, rng: systemRng }),
      virtualKinds: () => [...accessReviews, ...authenticationReviews({ authenticator: late })],
    });
    listener = await serveHttps({
      handle: server.handle,
      clock,
      log: silentLogger,
      port: 0,
      cert: serving.cert,
      key: serving.key,
      clientCA: authority.cert,
    });
  });
  after(async () => {
    await listener.close();
    await server.close();
  });

  function ask(method: string, path: string, options: { as?: object; body?: object } = {}): Promise<Answer> {
    const { token, ...tls } = (options.as ?? {}) as { token?: string };
    return new Promise((resolve, reject) => {
      const headers = {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      };
      const where = { host: "127.0.0.1", port: listener.port, method, path, headers, ca: authority.cert };
      const outgoing = httpsRequest({ ...where, ...tls, agent: false }, (incoming) => {
        let text = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (chunk: string) => {
          text += chunk;
        });
        incoming.on("end", () => resolve({ code: incoming.statusCode ?? 0, body: JSON.parse(text) }));
      });
      outgoing.on("error", reject);
      outgoing.end(options.body === undefined ? undefined : JSON.stringify(options.body));
    });
  }
  const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
  const role = (name: string, ...rules: object[]) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name },
    rules,
  });
  const bind = (name: string, subject: object) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
    subjects: [subject],
  });
  const user = (name: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "User", name });
  const made = async (path: string, body: object): Promise<void> => {
    const answer = await ask("POST", path, { as: admin, body });
    assert.equal(answer.code, 201, answer.body.message ?? "");
  };
  const configMaps = "/api/v1/namespaces/default/configmaps";

  it("nobody in particular has one answer on an HTTP/2 connection; who is known stays", async () => {
    const cases = [
      [{}, 403, true],
      [{ authorization: "Bearer wrong" }, 401, true],
      [{ authorization: "Bearer admin-token" }, 200, false],
    ] as const;
    for (const [headers, status, isSentAway] of cases) {
      const session = connectHttp2(`https://127.0.0.1:${listener.port}`, { rejectUnauthorized: false });
      try {
        const gone = new Promise<true>((resolve) => session.once("goaway", () => resolve(true)));
        const stream = session.request({ ":path": "/api/v1/namespaces", ...headers });
        const [answer] = await once(stream, "response");
        assert.equal((answer as Record<string, unknown>)[":status"], status);
        stream.resume();
        await once(stream, "end");
        if (isSentAway) assert.ok(await gone);
        else {
          await new Promise<void>((resolve) => session.ping(() => resolve()));
          assert.equal(await Promise.race([gone, Promise.resolve(false)]), false);
        }
      } finally {
        session.destroy();
      }
    }
  });

  it("refuses strangers with upstream's words", async () => {
    assert.deepEqual(
      [(await ask("GET", configMaps)).body.message, (await ask("GET", configMaps, { as: { token: "x" } })).code],
      [
        'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default"',
        401,
      ],
    );
  });

  it("lets a certificate's user do what a role says, as soon as it says so", async () => {
    assert.equal((await ask("GET", configMaps, { as: ann })).code, 403);
    await made(
      `${rbac}/roles`,
      role(
        "reader",
        { apiGroups: [""], resources: ["configmaps"], verbs: ["list"] },
        { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"], verbs: ["create"] },
      ),
    );
    await made(`${rbac}/rolebindings`, bind("reader", user("ann")));
    assert.equal((await ask("GET", configMaps, { as: ann })).code, 200);
  });

  it("lets nobody grant more than they hold", async () => {
    const within = role("within", { apiGroups: [""], resources: ["configmaps"], verbs: ["list"] });
    assert.equal((await ask("POST", `${rbac}/roles`, { as: ann, body: within })).code, 201);
    const beyond = role("beyond", { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list"] });
    const answer = await ask("POST", `${rbac}/roles`, { as: ann, body: beyond });
    assert.equal(
      answer.body.message,
      'roles.rbac.authorization.k8s.io "beyond" is forbidden: user "ann" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
    );
  });

  it("issues a token that works until its account is gone", async () => {
    const accounts = "/api/v1/namespaces/default/serviceaccounts";
    await made(accounts, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "bot" } });
    const issued = await ask("POST", `${accounts}/bot/token`, {
      as: admin,
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
    });
    const as = { token: String(issued.body.status?.["token"]) };
    const review = await ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {
      as: admin,
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token: as.token } },
    });
    assert.equal(review.body.status?.["authenticated"], true);
    await made(`${rbac}/rolebindings`, {
      ...bind("reader", { kind: "ServiceAccount", name: "bot" }),
      metadata: { name: "bot" },
    });
    assert.equal((await ask("GET", configMaps, { as })).code, 200);
    await ask("DELETE", `${accounts}/bot`, { as: admin });
    assert.equal((await ask("GET", configMaps, { as })).code, 401);
  });

  it("keeps a kubelet to its own node", async () => {
    const body = (name: string) => ({ apiVersion: "v1", kind: "Node", metadata: { name } });
    assert.equal((await ask("POST", "/api/v1/nodes", { as: node, body: body("n1") })).code, 201);
    const other = await ask("POST", "/api/v1/nodes", { as: node, body: body("n2") });
    assert.equal(other.body.message, 'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"');
    const all = await ask("GET", "/api/v1/nodes", { as: node });
    assert.match(all.body.message ?? "", /node 'n1' cannot read all nodes, only its own Node object$/);
  });

  it("answers access reviews", async () => {
    const spec = { user: "ann", resourceAttributes: { namespace: "default", verb: "list", resource: "configmaps" } };
    const review = await ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      as: admin,
      body: { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec },
    });
    assert.deepEqual(review.body.status, {
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "reader/default" of Role "reader" to User "ann"',
    });
  });
});
