// Labels and annotations by which the kubelet knows its containers again after a restart. Upstream: kuberuntime/labels.go.
import type { Container, Pod } from "../api/index.ts";
import { podUid } from "./pod.ts";

export const podNameLabel = "io.kubernetes.pod.name";
export const podNamespaceLabel = "io.kubernetes.pod.namespace";
export const podUidLabel = "io.kubernetes.pod.uid";
export const containerNameLabel = "io.kubernetes.container.name";
export const hashAnnotation = "io.kubernetes.container.hash";
export const restartCountAnnotation = "io.kubernetes.container.restartCount";
export const terminationMessagePathAnnotation = "io.kubernetes.container.terminationMessagePath";
export const terminationMessagePolicyAnnotation = "io.kubernetes.container.terminationMessagePolicy";
const preStopAnnotation = "io.kubernetes.container.preStopHandler";
const portsAnnotation = "io.kubernetes.container.ports";
const deletionGraceAnnotation = "io.kubernetes.pod.deletionGracePeriod";
const terminationGraceAnnotation = "io.kubernetes.pod.terminationGracePeriod";

const identity = (pod: Pod): Record<string, string> => ({
  [podNameLabel]: pod.metadata.name,
  [podNamespaceLabel]: pod.metadata.namespace ?? "",
  [podUidLabel]: podUid(pod),
});

export const sandboxLabels = (pod: Pod): Record<string, string> => ({ ...pod.metadata.labels, ...identity(pod) });
export const containerLabels = (pod: Pod, container: Container): Record<string, string> => ({
  ...identity(pod),
  [containerNameLabel]: container.name,
});

export function containerAnnotations(pod: Pod, container: Container, restartCount: number): Record<string, string> {
  const annotations: Record<string, string> = {
    [hashAnnotation]: containerHash(container),
    [restartCountAnnotation]: String(restartCount),
    [terminationMessagePathAnnotation]: container.terminationMessagePath ?? "/dev/termination-log",
    [terminationMessagePolicyAnnotation]: container.terminationMessagePolicy ?? "File",
  };
  if (pod.metadata.deletionGracePeriodSeconds !== undefined)
    annotations[deletionGraceAnnotation] = String(pod.metadata.deletionGracePeriodSeconds);
  if (pod.spec.terminationGracePeriodSeconds !== undefined)
    annotations[terminationGraceAnnotation] = String(pod.spec.terminationGracePeriodSeconds);
  if (container.lifecycle?.preStop !== undefined)
    annotations[preStopAnnotation] = JSON.stringify(container.lifecycle.preStop);
  if (container.ports !== undefined && container.ports.length > 0)
    annotations[portsAnnotation] = JSON.stringify(container.ports);
  return annotations;
}

const encoder = new TextEncoder();

/** Changes when a running container no longer is what its spec says: by name and image only, the rest is immutable or resized. */
export function containerHash(container: Container): string {
  const text = JSON.stringify({ image: container.image ?? "", name: container.name });
  let hash = 0x811c9dc5;
  // Asked at each sync of each pod: an array of bytes is made only where characters are not bytes.
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return hashOf(encoder.encode(text));
    hash = Math.imul(hash ^ code, 0x01000193);
  }
  return (hash >>> 0).toString(16);
}

function hashOf(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16);
}
