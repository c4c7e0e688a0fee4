// Where the kubelet keeps things of a pod. Upstream: kubelet_getters.go, kuberuntime/helpers.go.
import type { Pod } from "../api/index.ts";
import type { KubeletConfig } from "./config.ts";
import { podUid } from "./pod.ts";

export const podDirectory = (config: KubeletConfig, uid: string): string => `${config.rootDirectory}/pods/${uid}`;
export const volumesDirectory = (config: KubeletConfig, uid: string): string => `${podDirectory(config, uid)}/volumes`;
/** `plugin` as upstream names it: `kubernetes.io~empty-dir`. */
export const volumeDirectory = (config: KubeletConfig, uid: string, volume: { plugin: string; name: string }): string =>
  `${volumesDirectory(config, uid)}/${volume.plugin}/${volume.name}`;
/** Links to the devices of a pod's block volumes. */
export const volumeDevicesDirectory = (config: KubeletConfig, uid: string): string =>
  `${podDirectory(config, uid)}/volumeDevices`;
/** What a plugin keeps for all pods: `plugin` as in `kubernetes.io/local-volume`. */
export const pluginDirectory = (config: KubeletConfig, plugin: string): string =>
  `${config.rootDirectory}/plugins/${plugin}`;
export const containerDirectory = (config: KubeletConfig, uid: string, container: string): string =>
  `${podDirectory(config, uid)}/containers/${container}`;
export const hostsFile = (config: KubeletConfig, uid: string): string => `${podDirectory(config, uid)}/etc-hosts`;
export const subPathsDirectory = (config: KubeletConfig, uid: string): string =>
  `${podDirectory(config, uid)}/volume-subpaths`;

export const podLogDirectory = (config: KubeletConfig, pod: Pod): string =>
  `${config.podLogsDirectory}/${pod.metadata.namespace}_${pod.metadata.name}_${podUid(pod)}`;
/** Relative to the pod's log directory. */
export const containerLogPath = (container: string, restartCount: number): string => `${container}/${restartCount}.log`;
export const legacyLogLink = (config: KubeletConfig, pod: Pod, container: { name: string; id: string }): string =>
  `${config.containerLogsDirectory}/${`${pod.metadata.name}_${pod.metadata.namespace}_${container.name}`.slice(0, 251 - container.id.length - 5)}-${container.id}.log`;
