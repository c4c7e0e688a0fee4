// Ways to log in and to decide, from the flags of the command line to the answer, against issuers and services over real TLS.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Logger, MetricRegistry, seededRng, silentLogger, systemClock } from "../../base/index.ts";
import { parseFlags } from "../../cli/index.ts";
import { issue, newAuthority } from "../../cluster/pki/index.ts";
import type { ApiRequest } from "../../machinery/index.ts";
import { parseTokenFile } from "../../server/index.ts";
import { webhookConnections } from "../../server/node/index.ts";
import { createMemoryStore } from "../../store/index.ts";
import { flags } from "./apiserver.ts";
import { moreAuthentication } from "./authentication/index.ts";
import { authorizersOf } from "./authorization/index.ts";
import { createControlPlane } from "./control-plane.ts";

const key = generateKeyPairSync("rsa", { modulusLength: 2048 });
const rng = seededRng(1);
const yearMs = 365 * 86_400_000;
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

let directory: string;
let url: string;
let end: () => Promise<void>;
const path = (name: string): string => join(directory, name);
const put = (name: string, text: string): string => {
  writeFileSync(path(name), text);
  return path(name);
};

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "logging-in-"));
  const [fromMs, toMs] = [systemClock.now() - 3_600_000, systemClock.now() + yearMs];
  const authority = newAuthority("issuers", { fromMs, toMs }, rng);
  const subject = { commonName: "issuer" };
  const hosts = ["127.0.0.1"];
  const pair = issue(authority, { subject, hosts, usage: ["server"], validFromMs: fromMs, validToMs: toMs }, rng);
  put("ca.crt", authority.cert);
  const server = createServer(pair, (request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    request.on("end", () => {
      const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer(new URL(request.url ?? "", url).pathname, body)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const name of ["tokens", "access"])
    put(
      `${name}.kubeconfig`,
      `{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: "${url}/${name}", certificate-authority: ${path("ca.crt")}}}], users: [{name: u, user: {}}], contexts: [{name: c, context: {cluster: c, user: u}}]}`,
    );
  end = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
});
after(async () => {
  await end();
  rmSync(directory, { recursive: true });
});

function answer(
  at: string,
  body: { apiVersion?: string; kind?: string; spec?: { token?: string; user?: string } },
): object {
  const { apiVersion, kind, spec } = body;
  if (at.endsWith("/.well-known/openid-configuration")) return { issuer: `${url}/one`, jwks_uri: `${url}/keys` };
  if (at === "/keys") return { keys: [{ ...key.publicKey.export({ format: "jwk" }), kid: "k", use: "sig" }] };
  if (at === "/tokens") {
    const known = spec?.token === "secret-word";
    return { apiVersion, kind, status: known ? { authenticated: true, user: { username: "hooked" } } : {} };
  }
  return { apiVersion, kind, status: { allowed: spec?.user === "hooked", reason: "the service says so" } };
}

function token(claims: object): string {
  const content = `${encode({ alg: "RS256", kid: "k" })}.${encode({ iss: `${url}/one`, aud: "a", exp: 4e9, ...claims })}`;
  return `${content}.${sign("sha256", Buffer.from(content), key.privateKey).toString("base64url")}`;
}

interface World extends AsyncDisposable {
  ask(how: string, of?: { readonly bearer?: string; readonly body?: object }): Promise<{ code: number; body: never }>;
  /** Resolves when the log has the message. */
  told(message: string): Promise<void>;
  readonly metrics: MetricRegistry;
}

async function serverWith(...words: readonly string[]): Promise<World> {
  const { values, given } = parseFlags(flags, words);
  const stop = new AbortController();
  const waiting = new Map<string, () => void>();
  const log: Logger = { ...silentLogger, info: (message) => waiting.get(message)?.() };
  const [metrics, connections] = [new MetricRegistry(), webhookConnections()];
  const means = { clock: systemClock, rng, log, metrics, signal: stop.signal };
  const audiences = { accountIssuers: ["https://accounts"], apiAudiences: [] };
  const more = await moreAuthentication(values, given, { ...means, connections, ...audiences });
  const { types, authorizers } = await authorizersOf(values, { ...means, connections: () => connections });
  const plane = createControlPlane({
    ...means,
    store: createMemoryStore({ clock: systemClock }),
    serviceClusterIPRange: "10.0.0.0/24",
    serviceNodePortRange: "30000-32767",
    authorizationModes: types.has("RBAC") ? ["RBAC"] : [],
    authorizers,
    moreTokens: more.tokens,
    anonymous: more.anonymous ?? true,
    staticTokens: parseTokenFile("admin-token,admin,1,system:masters", "f"),
  });
  await plane.start();
  return {
    metrics,
    async ask(how, { bearer, body } = {}) {
      const [method = "", target = ""] = how.split(" ");
      const request = {
        method,
        path: target,
        query: new URLSearchParams(),
        headers: {
          accept: "application/json",
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) }),
      } as ApiRequest;
      const response = await plane.handle(request, { kind: "peer", peer: {} });
      const text = Buffer.concat(response.bytes ?? []).toString();
      return { code: response.status, body: (text.startsWith("{") ? JSON.parse(text) : text) as never };
    },
    told: (message) => new Promise((resolve) => void waiting.set(message, resolve)),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await plane.close();
      connections.close();
    },
  };
}

/** The user that a token stands for, or the code of the refusal. The issuer may not have been heard of yet. */
async function whoIs({ ask }: World, bearer: string): Promise<object | number> {
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const { code, body } = await ask("POST /apis/authentication.k8s.io/v1/selfsubjectreviews", { bearer, body: review });
  return code === 201 ? (body as { status: { userInfo: object } }).status.userInfo : code;
}

async function heardOf(world: World, bearer: string): Promise<object> {
  for (;;) {
    const found = await whoIs(world, bearer);
    if (typeof found === "object") return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const authenticated = "system:authenticated";

describe("logging in", { timeout: 60_000 }, () => {
  test("with tokens of --oidc-issuer-url", async () => {
    await using world = await serverWith(
      ...[`--oidc-issuer-url=${url}/one`, "--oidc-client-id=a", `--oidc-ca-file=${path("ca.crt")}`],
      ...["--oidc-groups-claim=groups", "--oidc-groups-prefix=g:", "--oidc-required-claim=hd=here"],
    );
    assert.deepEqual(await heardOf(world, token({ sub: "ann", hd: "here", groups: ["x"] })), {
      username: `${url}/one#ann`,
      groups: ["g:x", authenticated],
    });
    assert.equal(await whoIs(world, token({ sub: "ann" })), 401);
    assert.equal(await whoIs(world, token({ sub: "ann", hd: "here", exp: 1 })), 401);
  });

  test("with --authentication-config, which is read again when it changes", async () => {
    const authority = JSON.stringify(readFileSync(path("ca.crt"), "utf8"));
    const file = (prefix: string): string =>
      put(
        "authentication.yaml",
        `kind: AuthenticationConfiguration\napiVersion: apiserver.config.k8s.io/v1\nanonymous: {enabled: true, conditions: [{path: /livez}]}\njwt: [{issuer: {url: "${url}/one", audiences: [a], certificateAuthority: ${authority}}, claimMappings: {username: {expression: "'${prefix}' + claims.sub"}}}]`,
      );
    await using world = await serverWith(`--authentication-config=${file("first:")}`);
    assert.deepEqual(await heardOf(world, token({ sub: "ann" })), { username: "first:ann", groups: [authenticated] });
    assert.equal((await world.ask("GET /livez")).code, 200);
    assert.equal((await world.ask("GET /readyz")).code, 401);
    const reloaded = world.told("reloaded authentication config");
    file("second:");
    await reloaded;
    assert.deepEqual(await whoIs(world, token({ sub: "bob" })), { username: "second:bob", groups: [authenticated] });
    assert.match(world.metrics.render(), /automatic_reloads_total\{apiserver_id_hash="",status="success"\} 1/);
  });

  test("with tokens that a service knows", async () => {
    await using world = await serverWith(
      `--authentication-token-webhook-config-file=${path("tokens.kubeconfig")}`,
      "--authentication-token-webhook-version=v1",
    );
    assert.deepEqual(await whoIs(world, "secret-word"), { username: "hooked", groups: [authenticated] });
    assert.equal(await whoIs(world, "another"), 401);
  });
});

describe("deciding", { timeout: 60_000 }, () => {
  const pods = "GET /api/v1/namespaces/default/pods";
  const hook = (): string => `--authentication-token-webhook-config-file=${path("tokens.kubeconfig")}`;

  test("by policies of --authorization-policy-file", async () => {
    const spec = '{"user": "hooked", "namespace": "default", "resource": "pods", "readonly": true}';
    const policies = `{"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", "spec": ${spec}}`;
    const file = put("policies.jsonl", policies);
    await using world = await serverWith(hook(), "--authorization-mode=ABAC", `--authorization-policy-file=${file}`);
    assert.equal((await world.ask(pods, { bearer: "secret-word" })).code, 200);
    const refused = await world.ask("DELETE /api/v1/namespaces/default/pods/p", { bearer: "secret-word" });
    assert.match((refused.body as { message: string }).message, /is forbidden: .*: No policy matched\.$/);
  });

  test("by --authorization-config, which is read again when it changes", async () => {
    const connection = `{type: KubeConfigFile, kubeConfigFile: ${path("access.kubeconfig")}}`;
    const webhook = `{type: Webhook, name: access, webhook: {timeout: 3s, subjectAccessReviewVersion: v1, failurePolicy: Deny, connectionInfo: ${connection}}}`;
    const file = (...authorizers: readonly string[]): string =>
      put(
        "authorization.yaml",
        `kind: AuthorizationConfiguration\napiVersion: apiserver.config.k8s.io/v1\nauthorizers: [${authorizers}]`,
      );
    const [rbac, deny] = ["{type: RBAC, name: rbac}", "{type: AlwaysDeny, name: alwaysdeny}"];
    await using world = await serverWith(hook(), `--authorization-config=${file(rbac, webhook)}`);
    assert.equal((await world.ask(pods, { bearer: "secret-word" })).code, 200);
    const reloaded = world.told("reloaded authz config");
    file(rbac, deny);
    await reloaded;
    assert.equal((await world.ask(pods, { bearer: "secret-word" })).code, 403);
    const counted = world.metrics.render();
    assert.match(counted, /authorization_webhook_evaluations_total\{name="access",result="success"\} 1/);
    assert.match(counted, /authorization_decisions_total\{decision="allowed",name="access",type="Webhook"\} 1/);
    assert.match(counted, /authorization_config_controller_automatic_reloads_total\{.*status="success"\} 1/);
  });
});
