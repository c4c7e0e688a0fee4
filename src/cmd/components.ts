// The components beside the API server, started over any client: in process by `t8s up` and the library, over the network by the
// commands that run one of them alone.
import type { Clock, Logger, MetricRegistry, Rng } from "../base/index.ts";
import { type Client, createInformerFactory } from "../client/index.ts";
import type { KeyPair } from "../cluster/pki/index.ts";
import type { Transport } from "../machinery/index.ts";
import type { Profile } from "../scheduler/index.ts";

export interface ComponentBase {
  readonly client: Client;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly metrics: MetricRegistry;
  readonly signal: AbortSignal;
}

export interface ControllerSettings {
  /** PEM that pods trust the API server by. */
  readonly rootCa?: string;
  readonly clusterCidr?: string;
  /** Who signs certificate requests, by signer, and the longest life of what is signed; without it none is. */
  readonly signing?: {
    readonly authorityOf: (signerName: string) => KeyPair | undefined;
    readonly longestMs: number;
  };
  /** Makes the tokens of Secrets of type kubernetes.io/service-account-token; without it they stay empty. */
  readonly signToken?: (claims: Readonly<Record<string, unknown>>) => Promise<string>;
  readonly names?: readonly string[];
  /** Undefined leaves a gate at its default. */
  readonly featureEnabled?: (gate: string) => boolean | undefined;
  /** Per controller settings, by the names that the controllers read. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Asks in the name of a controller's ServiceAccount; the base's client serves all when not given. */
  readonly transportOf?: (account: string) => Transport;
}

export async function runControllerManager(base: ComponentBase, settings: ControllerSettings): Promise<void> {
  const { runControllers } = await import("../controllers/index.ts");
  await runControllers({
    ...base,
    log: base.log.child("controllers"),
    ...(settings.names ? { names: settings.names } : {}),
    ...(settings.transportOf ? { transportOf: settings.transportOf } : {}),
    options: {
      ...settings.options,
      certificates: certificateTools(base, settings.signing),
      ...(settings.rootCa ? { rootCa: settings.rootCa } : {}),
      ...(settings.signToken ? { signServiceAccountToken: settings.signToken } : {}),
      ...(settings.clusterCidr ? { clusterCidr: settings.clusterCidr } : {}),
      ...(settings.featureEnabled ? { featureEnabled: settings.featureEnabled } : {}),
    },
  });
}

/** Node's cryptography is loaded with the first certificate that is asked for. */
function certificateTools({ clock, rng }: ComponentBase, signing: ControllerSettings["signing"]) {
  const tools = () => import("../cluster/pki/index.ts");
  const reading = {
    read: async (request: string) => (await tools()).readRequest(request),
    endOf: async (certificate: string) => (await tools()).endOfCertificate(certificate),
  };
  if (signing === undefined) return reading;
  const { authorityOf, longestMs } = signing;
  const signer = (authority: KeyPair) => ({
    longestMs,
    sign: async (asked: { request: string; usages: readonly string[]; lifeMs: number }): Promise<string> =>
      (await tools()).signRequest(authority, { ...asked, nowMs: clock.now(), rng }),
  });
  return {
    ...reading,
    authorityOf: (signerName: string) => {
      const authority = authorityOf(signerName);
      return authority === undefined ? undefined : signer(authority);
    },
  };
}

export async function runScheduler(base: ComponentBase, profile?: Profile): Promise<void> {
  const { createScheduler } = await import("../scheduler/index.ts");
  const { client, clock, rng, metrics, signal } = base;
  const log = base.log.child("scheduler");
  const informers = createInformerFactory({ client, clock, rng, log, signal });
  const scheduler = createScheduler({
    ...{ client, informers, clock, rng, log, metrics },
    ...(profile === undefined ? {} : { profile }),
  });
  informers.start();
  await scheduler.run(signal);
}
