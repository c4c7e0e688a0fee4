// What can be told to a kubelet. Names and defaults follow upstream's KubeletConfiguration (kubelet.config.k8s.io/v1beta1).
import type { Taint } from "../api/index.ts";
import { kubernetesVersion } from "../machinery/index.ts";

export interface KubeletConfig {
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  /** Pods' volumes and the kubelet's own state. */
  readonly rootDirectory: string;
  readonly podLogsDirectory: string;
  readonly containerLogsDirectory: string;
  readonly staticPodPath: string | undefined;
  readonly resolverConfig: string;
  /** First is the primary one; found on the machine when empty. */
  readonly nodeIps: readonly string[];
  readonly providerId: string | undefined;
  readonly registerNode: boolean;
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly registerWithTaints: readonly Taint[];
  readonly maxPods: number;
  readonly podPidsLimit: number;
  /** Pod networks of this node, when no controller hands out spec.podCIDR. */
  readonly podCidr: string | undefined;
  readonly port: number;
  readonly syncFrequencySeconds: number;
  readonly nodeStatusUpdateFrequencySeconds: number;
  readonly nodeStatusReportFrequencySeconds: number;
  readonly nodeLeaseDurationSeconds: number;
  readonly relistPeriodSeconds: number;
  readonly maxContainerRestartPeriodSeconds: number;
  readonly cgroupsPerQos: boolean;
  readonly cgroupRoot: string;
  readonly cgroupDriver: "cgroupfs" | "systemd";
  readonly cpuCfsQuota: boolean;
  readonly kubeReserved: Readonly<Record<string, string>>;
  readonly systemReserved: Readonly<Record<string, string>>;
  /** Signal → quantity or percentage. */
  readonly evictionHard: Readonly<Record<string, string>>;
  readonly evictionPressureTransitionPeriodSeconds: number;
  readonly evictionMonitoringPeriodSeconds: number;
  readonly imageGcHighThresholdPercent: number;
  readonly imageGcLowThresholdPercent: number;
  readonly imageMinimumGcAgeSeconds: number;
  readonly containerLogMaxSizeBytes: number;
  readonly containerLogMaxFiles: number;
  readonly maxContainersPerPod: number;
  readonly seccompDefault: boolean;
  readonly allowedUnsafeSysctls: readonly string[];
  readonly enableDebuggingHandlers: boolean;
  /** False: volumes and directories of pods are not made on the host (fleets of simulated nodes). */
  readonly materializePods: boolean;
  /** What nodeInfo.kubeletVersion says. */
  readonly version: string;
}

export const defaultKubeletConfig: KubeletConfig = {
  clusterDns: [],
  clusterDomain: "cluster.local",
  rootDirectory: "/var/lib/kubelet",
  podLogsDirectory: "/var/log/pods",
  containerLogsDirectory: "/var/log/containers",
  staticPodPath: undefined,
  resolverConfig: "/etc/resolv.conf",
  nodeIps: [],
  providerId: undefined,
  registerNode: true,
  nodeLabels: {},
  registerWithTaints: [],
  maxPods: 110,
  podPidsLimit: -1,
  podCidr: undefined,
  port: 10250,
  syncFrequencySeconds: 60,
  nodeStatusUpdateFrequencySeconds: 10,
  nodeStatusReportFrequencySeconds: 300,
  nodeLeaseDurationSeconds: 40,
  relistPeriodSeconds: 1,
  maxContainerRestartPeriodSeconds: 300,
  cgroupsPerQos: true,
  cgroupRoot: "/",
  cgroupDriver: "cgroupfs",
  cpuCfsQuota: true,
  kubeReserved: {},
  systemReserved: {},
  evictionHard: {
    "memory.available": "100Mi",
    "nodefs.available": "10%",
    "nodefs.inodesFree": "5%",
    "imagefs.available": "15%",
    "imagefs.inodesFree": "5%",
  },
  evictionPressureTransitionPeriodSeconds: 300,
  evictionMonitoringPeriodSeconds: 10,
  imageGcHighThresholdPercent: 85,
  imageGcLowThresholdPercent: 80,
  imageMinimumGcAgeSeconds: 120,
  containerLogMaxSizeBytes: 10 * 1024 * 1024,
  containerLogMaxFiles: 5,
  maxContainersPerPod: 1,
  seccompDefault: false,
  allowedUnsafeSysctls: [],
  enableDebuggingHandlers: true,
  materializePods: true,
  version: kubernetesVersion,
};
