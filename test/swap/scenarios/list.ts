// Every scenario, in the order of the table. They run at the same time, each in its own namespace.
import type { Scenario } from "../stage.ts";
import { disruption, eviction, garbage, namespaceEnd, preemption, quota, signing } from "./lifecycle.ts";
import { probes, service, streams, volumes } from "./node.ts";
import { cronJob, daemonSet, job, rollout, scaling, statefulSet } from "./workloads.ts";

export const scenarios: readonly Scenario[] = [
  ...[rollout, scaling, statefulSet, daemonSet, job, cronJob],
  ...[garbage, namespaceEnd, disruption, eviction, preemption, quota, signing],
  ...[service, probes, volumes, streams],
];
