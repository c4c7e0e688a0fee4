// Service account tokens of pods, renewed in time. Upstream: pkg/kubelet/token/token_manager.go.

import { type Pod, serviceAccounts, type TokenRequest } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import { parseTime } from "../../machinery/index.ts";
import type { KubeletContext } from "../context.ts";
import type { TokenWish } from "./payloads.ts";

interface Held {
  readonly token: string;
  readonly issuedMs: number;
  readonly expiresMs: number;
}

export interface TokenManager {
  token(pod: Pod, wish: TokenWish): Promise<string>;
  forget(podUid: string): void;
}

const longestAgeMs = 24 * 3600 * 1000;

export function createTokenManager(context: KubeletContext): TokenManager {
  const held = new Map<string, Held>();
  /** After 80 % of its life, or a day. */
  const stale = ({ issuedMs, expiresMs }: Held): boolean => {
    const nowMs = context.clock.now();
    return nowMs > issuedMs + (expiresMs - issuedMs) * 0.8 || nowMs > issuedMs + longestAgeMs;
  };
  return {
    async token(pod, { audience, expirationSeconds }) {
      const account = pod.spec.serviceAccountName || "default";
      const key = `${pod.metadata.uid}/${account}/${audience}/${expirationSeconds}`;
      const known = held.get(key);
      if (known !== undefined && !stale(known)) return known.token;
      const issuedMs = context.clock.now();
      try {
        const answer = await context.client
          .of(serviceAccounts)
          .createSubresource<TokenRequest>({ namespace: pod.metadata.namespace ?? "", name: account }, "token", {
            apiVersion: "authentication.k8s.io/v1",
            kind: "TokenRequest",
            metadata: {},
            spec: {
              ...(audience === "" ? {} : { audiences: [audience] }),
              expirationSeconds,
              boundObjectRef: { apiVersion: "v1", kind: "Pod", name: pod.metadata.name, uid: pod.metadata.uid },
            },
          });
        const fresh = {
          token: answer.status?.token ?? "",
          issuedMs,
          expiresMs: parseTime(answer.status?.expirationTimestamp),
        };
        held.set(key, fresh);
        return fresh.token;
      } catch (error) {
        // A token that still is valid serves until a new one is to be had.
        if (known !== undefined && context.clock.now() < known.expiresMs) return known.token;
        throw new Error(`failed to fetch token: ${errorText(error)}`);
      }
    },
    forget(podUid) {
      for (const key of held.keys()) if (key.startsWith(`${podUid}/`)) held.delete(key);
    },
  };
}
