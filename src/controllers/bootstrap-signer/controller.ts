// Signs the kubeconfig in kube-public/cluster-info with every bootstrap token, so that who holds one can trust it.
// Upstream: pkg/controller/bootstrap/bootstrapsigner.go; the signature is a JWS with detached content (RFC 7515 appendix F).
import { type ConfigMap, configMaps, type Secret, secrets } from "../../api/index.ts";
import { hasReason, isNotFound } from "../../machinery/index.ts";
import {
  type ControllerContext,
  isBootstrapToken,
  newQueue,
  runLoop,
  tokenField,
  tokenLeftMs,
  watch,
} from "../lib/index.ts";

const place = { namespace: "kube-public", name: "cluster-info" } as const;
const prefix = "jws-kubeconfig-";
const encoder = new TextEncoder();

const base64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

/** `header..signature`, HMAC-SHA-256 with the token's secret. */
export async function detachedSignature(content: string, id: string, secret: string): Promise<string> {
  const header = base64Url(encoder.encode(JSON.stringify({ alg: "HS256", kid: id })));
  const payload = base64Url(encoder.encode(content));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(`${header}.${payload}`));
  return `${header}..${base64Url(new Uint8Array(signature))}`;
}

/** Id and secret of a token that may sign. */
export function signingToken(secret: Secret, nowMs: number): { id: string; secret: string } | undefined {
  const [, nameId] = /^bootstrap-token-([a-z0-9]{6})$/.exec(secret.metadata.name) ?? [];
  const id = tokenField(secret, "token-id");
  const value = tokenField(secret, "token-secret");
  if (!isBootstrapToken(secret) || nameId === undefined || nameId !== id || value === "") return undefined;
  if ((tokenLeftMs(secret, nowMs) ?? 1) <= 0) return undefined;
  return tokenField(secret, "usage-bootstrap-signing") === "true" ? { id, secret: value } : undefined;
}

export async function runBootstrapSigner(context: ControllerContext): Promise<void> {
  const { client, clock } = context;
  const queue = newQueue(context, "bootstrap_signer_queue");
  const poke = (): void => queue.add(place.name);
  const ofMap = (map: ConfigMap): void => {
    if (map.metadata.namespace === place.namespace && map.metadata.name === place.name) poke();
  };
  const ofToken = (secret: Secret): void => {
    if (isBootstrapToken(secret)) poke();
  };
  const maps = watch(context, configMaps, { add: ofMap, update: (_, map) => ofMap(map) });
  const tokens = watch(context, secrets, { add: ofToken, update: (_, secret) => ofToken(secret), delete: ofToken });
  const reconcile = async (): Promise<undefined> => {
    const map = maps.get(place.namespace, place.name);
    const content = map?.data?.["kubeconfig"];
    if (map === undefined || content === undefined) return;
    const data = Object.fromEntries(Object.entries(map.data ?? {}).filter(([key]) => !key.startsWith(prefix)));
    for (const each of tokens.list()) {
      const token = signingToken(each, clock.now());
      if (token !== undefined) data[prefix + token.id] = await detachedSignature(content, token.id, token.secret);
    }
    const before = map.data ?? {};
    const same = Object.keys(before).length === Object.keys(data).length;
    if (same && Object.entries(data).every(([key, value]) => before[key] === value)) return;
    try {
      await client.of(configMaps).update({ ...map, data });
    } catch (error) {
      // A newer one wakes this up again.
      if (!isNotFound(error) && !hasReason(error, "Conflict")) throw error;
    }
  };
  await runLoop(context, { queue, informers: [maps, tokens], reconcile, workers: 1 });
}
