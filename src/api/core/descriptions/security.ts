// Who containers run as, and what they may do on the node.
import type { Descriptions } from "../../lib/descriptions/contract.ts";

const shared = {
  runAsGroup:
    "Number of the primary group of the processes. Default what the image or the runtime says. Not on Windows.",
  runAsNonRoot: "Whether the kubelet refuses to start a container that would run as user 0. Default false.",
  runAsUser: "Number of the user of the processes. Default what the image says. Not on Windows.",
};

export const security: Descriptions = {
  PodSecurityContext: {
    "": "Security options of all containers of a pod, and of its volumes. A container may say otherwise for itself.",
    appArmorProfile: "AppArmor profile of the containers. Not on Windows.",
    fsGroup:
      "Number of a group that all containers belong to and that volumes of some kinds are given to: their files become readable and writable for it. Not on Windows.",
    fsGroupChangePolicy:
      "When files of a volume are given to fsGroup: Always, or OnRootMismatch, only if the root of the volume differs. Default Always. Not on Windows.",
    ...shared,
    seLinuxChangePolicy:
      "How volumes get the SELinux label: Recursive relabels each file; MountOption mounts with it, so all pods that share a volume need the same label. Default MountOption with the feature gate SELinuxMount, else only for ReadWriteOncePod volumes.",
    seLinuxOptions: "SELinux label of the containers. Default what the container runtime chooses. Not on Windows.",
    seccompProfile: "Which system calls the containers may make. Not on Windows.",
    supplementalGroups: "Numbers of more groups of the processes. Not on Windows.",
    supplementalGroupsPolicy:
      "Merge: groups that the image's /etc/group gives the user are added; Strict: only those named here. Default Merge. Not on Windows.",
    sysctls: "Kernel parameters of the pod's namespaces. Unsafe ones must be allowed on the node. Not on Windows.",
    windowsOptions: "Options that only Windows knows.",
  },
  SecurityContext: {
    "": "Security options of one container. They win over those of the pod.",
    allowPrivilegeEscalation:
      "Whether a process may gain more privileges than its parent has. Always true when the container is privileged or has CAP_SYS_ADMIN. Not on Windows.",
    appArmorProfile: "AppArmor profile of the container. Not on Windows.",
    capabilities: "POSIX capabilities that are added or taken away. Not on Windows.",
    privileged: "Whether its processes are as good as root on the node. Default false. Not on Windows.",
    procMount:
      "How /proc is mounted: Default hides some paths, Unmasked hides none and needs hostUsers false. Default Default. Not on Windows.",
    readOnlyRootFilesystem: "Whether the container's root file system can only be read. Default false. Not on Windows.",
    ...shared,
    seLinuxOptions: "SELinux label of the container. Default what the container runtime chooses. Not on Windows.",
    seccompProfile: "Which system calls the container may make. Not on Windows.",
    windowsOptions: "Options that only Windows knows.",
  },
  Capabilities: {
    "": "POSIX capabilities that a container has beyond, or without, those that the runtime gives.",
    add: "Capabilities to add, without CAP_ before them, as in NET_ADMIN. ALL means every one.",
    drop: "Capabilities to take away. ALL means every one.",
  },
  SELinuxOptions: {
    "": "An SELinux label.",
    level: "The level, as in s0:c123,c456.",
    role: "The role.",
    type: "The type.",
    user: "The user.",
  },
  SeccompProfile: {
    "": "A profile of system calls.",
    localhostProfile: "Path of the profile below the kubelet's seccomp directory. Only, and always, with Localhost.",
    type: "Localhost: a file of the node; RuntimeDefault: that of the container runtime; Unconfined: none.",
  },
  AppArmorProfile: {
    "": "An AppArmor profile.",
    localhostProfile: "Name of a profile that is loaded on the node. Only, and always, with Localhost.",
    type: "Localhost: a profile of the node; RuntimeDefault: that of the container runtime; Unconfined: none.",
  },
  Sysctl: {
    "": "One kernel parameter.",
    name: "Name of the parameter, as in net.ipv4.ip_local_port_range.",
    value: "Its value.",
  },
  WindowsSecurityContextOptions: {
    "": "Security options that only Windows knows.",
    gmsaCredentialSpec: "The content of the GMSA credential spec; a webhook fills it in by gmsaCredentialSpecName.",
    gmsaCredentialSpecName: "Name of the GMSA credential spec.",
    hostProcess:
      "Whether the container runs as a process of the node. All of a pod or none, and then with hostNetwork.",
    runAsUserName: "User of the processes. Default what the image says.",
  },
};
