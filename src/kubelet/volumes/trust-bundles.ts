// Trust anchors of ClusterTrustBundles for projected volumes, followed from the first pod on that shows any.
// Upstream: pkg/kubelet/clustertrustbundle; texts are theirs.
import {
  type ClusterTrustBundle,
  clusterTrustBundles,
  clusterTrustBundlesV1alpha1,
  type KindDefinition,
  type Pod,
  type VolumeProjection,
} from "../../api/index.ts";
import type { Informer, InformerFactory } from "../../client/index.ts";
import { labelSelectorMatcher, StatusError } from "../../machinery/index.ts";
import type { KubeletContext } from "../context.ts";
import { podUid } from "../pod.ts";
import { pemBlock, pemBodies } from "./pem.ts";

export type TrustBundleWish = NonNullable<VolumeProjection["clusterTrustBundle"]>;

export interface TrustBundles {
  /** PEM text; "" for what is optional and not there. */
  anchors(pod: Pod, wish: TrustBundleWish): Promise<string>;
  forget(podUid: string): void;
}

export interface FollowOptions {
  readonly informers: InformerFactory;
  /** What the pod's volumes show is another. */
  readonly changed: (podUid: string) => void;
  readonly signal: AbortSignal;
}

type Bundles = Informer<ClusterTrustBundle>;

/** Both have the fields that are read here. */
const versions = [
  clusterTrustBundles,
  clusterTrustBundlesV1alpha1 as KindDefinition,
] as readonly KindDefinition<ClusterTrustBundle>[];

export function createTrustBundles(context: KubeletContext, options: FollowOptions): TrustBundles {
  const pods = new Set<string>();
  let following: Promise<Bundles> | undefined;

  const follow = async (): Promise<Bundles> => {
    const kind = await servedVersion(context);
    const informer = options.informers.informer<ClusterTrustBundle>(kind);
    const tell = (): void => {
      for (const uid of pods) options.changed(uid);
    };
    await informer.whenSynced(options.signal);
    informer.addHandler({ add: (_, initial) => initial || tell(), update: tell, delete: tell });
    return informer;
  };
  const bundles = (): Promise<Bundles> => {
    following ??= follow();
    following.catch(() => (following = undefined)); // told to who asked; the next one tries again
    return following;
  };

  return {
    async anchors(pod, wish) {
      pods.add(podUid(pod));
      const { name, signerName, optional } = wish;
      if (name === undefined && signerName === undefined)
        throw new Error("ClusterTrustBundle projection requires either name or signerName to be set");
      const informer = await bundles();
      const found = name === undefined ? signedBy(informer, wish) : [informer.get("", name)];
      const present = found.filter((each) => each !== undefined);
      if (present.length > 0) return normalized(present);
      if (optional === true) return "";
      throw new Error(
        name === undefined
          ? "combination of signerName and labelSelector matched zero ClusterTrustBundles"
          : `while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io ${JSON.stringify(name)} not found`,
      );
    },
    forget: (uid) => void pods.delete(uid),
  };
}

async function servedVersion({ client }: KubeletContext): Promise<KindDefinition<ClusterTrustBundle>> {
  for (const kind of versions) {
    try {
      await client.of(kind).list({ limit: 1 });
      return kind;
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 404) throw error;
    }
  }
  throw new Error("ClusterTrustBundle projection is not supported: the API server does not serve ClusterTrustBundles");
}

/** No selector selects nothing, an empty one everything of the signer. */
function signedBy(informer: Bundles, { signerName, labelSelector }: TrustBundleWish): ClusterTrustBundle[] {
  if (labelSelector === undefined) return [];
  const matcher = labelSelectorMatcher(labelSelector);
  return informer
    .list()
    .filter(({ metadata, spec }) => spec.signerName === signerName && matcher.matches(metadata.labels ?? {}));
}

/** Every anchor once, in one order, without what else the bundles say. */
const normalized = (bundles: readonly ClusterTrustBundle[]): string =>
  [...new Set(bundles.flatMap(({ spec }) => pemBodies(spec.trustBundle)))]
    .sort()
    .map((each) => pemBlock("CERTIFICATE", each))
    .join("");
