// The sockets of a cluster inside a test: TLS on loopback with certificates and keys of its own, all in memory.
import type { Clock, Logger, Rng } from "../../base/index.ts";
import { issue, type KeyPair, keyPem, kubeconfig, newAuthority, newKey } from "../../cluster/pki/index.ts";
import type { TokenIssuer } from "../../server/index.ts";
import { createNodeStreaming, createTokenIssuer } from "../../server/node/index.ts";
import type { ControlPlane } from "../apiserver/control-plane.ts";
import { serveApi } from "../apiserver/serve-api.ts";

export interface ClusterIdentity {
  readonly ca: KeyPair;
  readonly serving: KeyPair;
  readonly admin: KeyPair;
  readonly tokenIssuer: TokenIssuer;
}

export interface ListeningApi {
  readonly url: string;
  readonly kubeconfig: string;
  close(): Promise<void>;
}

const dayMs = 24 * 3600 * 1000;

export function createIdentity({ clock, rng }: { readonly clock: Clock; readonly rng: Rng }): ClusterIdentity {
  const validity = { fromMs: clock.now() - dayMs, toMs: clock.now() + 365 * dayMs };
  const leaf = { validFromMs: validity.fromMs, validToMs: validity.toMs };
  const ca = newAuthority("kubernetes", validity, rng);
  return {
    ca,
    serving: issue(
      ca,
      {
        ...leaf,
        subject: { commonName: "kube-apiserver" },
        hosts: ["localhost", "kubernetes", "127.0.0.1", "::1"],
        usage: ["server"],
      },
      rng,
    ),
    admin: issue(
      ca,
      { ...leaf, subject: { commonName: "kubernetes-admin", organizations: ["system:masters"] }, usage: ["client"] },
      rng,
    ),
    tokenIssuer: createTokenIssuer({
      issuers: ["https://kubernetes.default.svc.cluster.local"],
      signingKey: keyPem(newKey()),
    }),
  };
}

export async function listen(options: {
  readonly plane: ControlPlane;
  readonly identity: ClusterIdentity;
  readonly port: number;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
}): Promise<ListeningApi> {
  const { plane, identity, port, clock, rng, log } = options;
  const listener = await serveApi({
    plane,
    streaming: createNodeStreaming({ rng, log }),
    tls: { cert: identity.serving.cert, key: identity.serving.key, clientCA: identity.ca.cert },
    bindAddress: "127.0.0.1",
    port,
    clock,
    log,
  });
  const url = `https://127.0.0.1:${listener.port}`;
  return {
    url,
    kubeconfig: kubeconfig({
      userName: "admin",
      clusterName: "typernetes",
      server: url,
      ca: identity.ca.cert,
      client: identity.admin,
    }),
    close: () => listener.close(),
  };
}
