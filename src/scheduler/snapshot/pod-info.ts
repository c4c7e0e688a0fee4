// A pod with everything the scheduler asks of it worked out once.
import type { Pod } from "../../api/index.ts";
import type { Labels } from "../../machinery/index.ts";
import { noTerms, type PodTerms, podTerms } from "../lib/affinity-terms.ts";
import { type HostPort, hostPorts } from "../lib/ports.ts";
import { podRequests, type Requests } from "../lib/resources.ts";

export interface PodInfo {
  readonly pod: Pod;
  /** namespace/name */
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels | undefined;
  readonly priority: number;
  readonly terminating: boolean;
  readonly requests: Requests;
  readonly nonZeroCpu: number;
  readonly nonZeroMemory: number;
  readonly ports: readonly HostPort[];
  readonly terms: PodTerms;
}

export const podPriority = (pod: Pod): number => pod.spec?.priority ?? 0;

export function podInfo(pod: Pod): PodInfo {
  const { requests, nonZeroCpu, nonZeroMemory } = podRequests(pod);
  const namespace = pod.metadata.namespace ?? "";
  return {
    pod,
    key: `${namespace}/${pod.metadata.name}`,
    uid: pod.metadata.uid,
    namespace,
    name: pod.metadata.name,
    labels: pod.metadata.labels,
    priority: podPriority(pod),
    terminating: pod.metadata.deletionTimestamp !== undefined,
    requests,
    nonZeroCpu,
    nonZeroMemory,
    ports: hostPorts(pod),
    terms: podTerms(pod),
  };
}

export const hasAffinity = (info: PodInfo): boolean => info.terms !== noTerms;
