// Configuration of a pod's sandbox. Upstream: kuberuntime/kuberuntime_sandbox.go generatePodSandboxConfig.
import type { Pod, RuntimeClass } from "../../api/index.ts";
import type { PodSandboxConfig } from "../../runtime/index.ts";
import { type KubeletContext, podEvent } from "../context.ts";
import { sandboxLabels } from "../labels.ts";
import { podLogDirectory } from "../paths.ts";
import { isHostNetwork, podUid } from "../pod.ts";
import { cgroupParent, podCgroup } from "../resources/qos.ts";
import { type DnsConfig, kernelHostname, parseResolvConf, podDns, podHostname } from "./dns.ts";
import { sandboxSecurity } from "./security.ts";

export async function sandboxConfig(
  context: KubeletContext,
  pod: Pod,
  attempt: number,
  runtimeClass?: RuntimeClass,
): Promise<PodSandboxConfig> {
  const { config } = context;
  const dns = podDns({
    pod,
    host: await hostDns(context),
    clusterDns: config.clusterDns,
    clusterDomain: config.clusterDomain,
    warn: (reason, message) => podEvent(context, pod, { type: "Warning", reason, message }),
  });
  const hostname = isHostNetwork(pod)
    ? ""
    : kernelHostname(podHostname(pod, config.clusterDomain), pod.spec.setHostnameAsFQDN);
  return {
    name: pod.metadata.name,
    namespace: pod.metadata.namespace ?? "",
    uid: podUid(pod),
    attempt,
    hostname,
    logDirectory: podLogDirectory(config, pod),
    dns,
    portMappings: pod.spec.containers.flatMap((container) =>
      (container.ports ?? []).map(({ protocol = "TCP", containerPort, hostPort = 0, hostIP = "" }) => ({
        protocol,
        containerPort,
        hostPort,
        hostIP,
      })),
    ),
    labels: sandboxLabels(pod),
    annotations: pod.metadata.annotations ?? {},
    cgroupParent: config.cgroupsPerQos
      ? cgroupParent(podCgroup(pod, config.cgroupRoot), context.state.cgroupDriver)
      : "",
    sysctls: Object.fromEntries(
      (pod.spec.securityContext?.sysctls ?? []).map(({ name, value }) => [name.replaceAll("/", "."), value]),
    ),
    security: sandboxSecurity(pod),
    ...(runtimeClass === undefined ? {} : { runtimeHandler: runtimeClass.handler }),
  };
}

async function hostDns(context: KubeletContext): Promise<DnsConfig> {
  const path = context.config.resolverConfig;
  if (path === "" || !context.config.materializePods) return { servers: [], searches: [], options: [] };
  return parseResolvConf(new TextDecoder().decode(await context.host.files.read(path)));
}
