// What the kubelet notes on its own copy of a pod from the API: where it came from and when it was first seen. Containers read it through
// the downward API, the runtime gets it with the sandbox; the API server never sees it. Upstream: pkg/kubelet/config/config.go.
import type { Pod } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import { configSource, podUid, seenAnnotation } from "../pod.ts";

export interface LocalAnnotations {
  /** The pod with the notes; the time of the first call for its UID stays. */
  annotate(pod: Pod): Pod;
  forget(uid: string): void;
}

export function createLocalAnnotations(clock: Clock): LocalAnnotations {
  const seen = new Map<string, string>();
  return {
    annotate(pod) {
      const uid = podUid(pod);
      const first = seen.get(uid) ?? seenText(clock.now());
      seen.set(uid, first);
      const annotations = { ...pod.metadata.annotations, [seenAnnotation]: first, [configSource]: "api" };
      return { ...pod, metadata: { ...pod.metadata, annotations } };
    },
    forget: (uid) => void seen.delete(uid),
  };
}

/** RFC 3339 with nine digits of a second, as Go's time.RFC3339NanoFixed of the kubelet's logs. `ms` since 1970. */
export const seenText = (ms: number): string => `${new Date(ms).toISOString().slice(0, -1)}000000Z`;
