// What a cluster without privileged containers refuses in pods and pod templates. Upstream: capabilities.AllowPrivileged in
// pkg/apis/core/validation.
import type { PodSpec } from "../../../../facts/types/core.v1.ts";
import { field } from "../../../machinery/index.ts";
import { type Check, child } from "../validate.ts";
import { allContainers } from "./visit.ts";

/** Where each kind keeps the spec of a pod. */
const podSpecs: Readonly<Record<string, string>> = {
  Pod: "spec",
  PodTemplate: "template.spec",
  ReplicationController: "spec.template.spec",
  ReplicaSet: "spec.template.spec",
  Deployment: "spec.template.spec",
  DaemonSet: "spec.template.spec",
  StatefulSet: "spec.template.spec",
  Job: "spec.template.spec",
  CronJob: "spec.jobTemplate.spec.template.spec",
};

const privileged: Check<PodSpec> = (spec, at, found) => {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  let hostProcess = false;
  for (const { container, path } of allContainers(spec, at)) {
    const context = container.securityContext;
    if (context?.privileged)
      found.push(field.forbidden(child(path, "securityContext.privileged"), "disallowed by cluster policy"));
    if (context?.windowsOptions?.hostProcess ?? ofPod) hostProcess = true;
  }
  if (hostProcess) found.push(field.forbidden(at, "hostProcess containers are disallowed by cluster policy"));
};

/** Nothing for kinds without pods. */
export const privilegedPods =
  (kind: string): Check<object> =>
  (object, _at, found) => {
    const at = podSpecs[kind];
    if (at === undefined) return;
    const spec = at
      .split(".")
      .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], object);
    if (spec !== undefined && spec !== null) privileged(spec as PodSpec, at, found);
  };
