// What the kubelet reports about containers.
import type { Descriptions } from "../../lib/descriptions/contract.ts";

export const containerStatuses: Descriptions = {
  ContainerStatus: {
    "": "What is known of one container of the pod, as the kubelet last saw it.",
    allocatedResources: "What the node has set aside for the container: the requests that the kubelet has accepted.",
    allocatedResourcesStatus: "Health of the devices that the container has.",
    containerID: "The runtime's name and its id of the container, as in containerd://0123abcd.",
    image: "Name of the image that runs, as the runtime resolved it; it may differ from the spec's.",
    imageID: "The runtime's id of the image, most often with its digest.",
    lastState: "How the run before this one ended; empty until there was one.",
    name: "Name of the container in the spec.",
    ready: "Whether its readiness probe succeeds; without one, whether it has started.",
    resources: "Requests and limits that are in force now, which may lag behind the spec while a resize goes on.",
    restartCount: "How often it was started again. May begin anew at 0 when the node lost track.",
    started: "Whether its postStart hook is over and its startup probe has succeeded. False again at each restart.",
    state: "What it does now: it waits, runs or has ended.",
    stopSignal: "The signal that asks it to end. Needs the feature gate ContainerStopSignals.",
    user: "User and groups that its first process had at its start.",
    volumeMounts: "Its mounts, as they really are.",
  },
  ContainerState: {
    "": "What a container does: one of these, by default waiting.",
    running: "It runs.",
    terminated: "It has ended.",
    waiting: "It is not running yet: its image is being pulled, or it waits before a restart.",
  },
  ContainerStateRunning: {
    "": "A container that runs.",
    startedAt: "Since when.",
  },
  ContainerStateTerminated: {
    "": "A container that has ended.",
    containerID: "The runtime's name and its id of the container that ended.",
    exitCode: "The exit code of its first process; 128 and the signal's number after a signal.",
    finishedAt: "When it ended.",
    message: "What it left in terminationMessagePath, or the end of its log.",
    reason: "Why, in one word: Completed, Error, OOMKilled and others.",
    signal: "The signal that ended it, where the runtime says.",
    startedAt: "When it had started.",
  },
  ContainerStateWaiting: {
    "": "A container that is not running yet.",
    message: "Why, for people.",
    reason: "Why, in one word: ContainerCreating, ImagePullBackOff, CrashLoopBackOff and others.",
  },
  ContainerUser: {
    "": "Who a container runs as.",
    linux: "On Linux: user and groups of its first process.",
  },
  LinuxContainerUser: {
    "": "User and groups of a container's first process at its start. The process may have changed them since.",
    gid: "The primary group's number.",
    supplementalGroups: "Numbers of the other groups.",
    uid: "The user's number.",
  },
  ResourceStatus: {
    "": "Health of the devices of one kind that a container has.",
    name: "The resource, as in example.com/gpu, or a claim and its request: claim:NAME/REQUEST.",
    resources: "Each device and its health.",
  },
  ResourceHealth: {
    "": "Health of one device.",
    health: "Healthy, Unhealthy or Unknown.",
    message: "More for people, where the driver says it.",
    resourceID: "The device's id, unique on the node for its resource.",
  },
  VolumeMountStatus: {
    "": "One mount of a container, as it really is.",
    mountPath: "Where it is in the container.",
    name: "The volume.",
    readOnly: "Whether it can only be read.",
    recursiveReadOnly:
      "Whether mounts below it can only be read too: Enabled or Disabled; an IfPossible of the spec has become one of them.",
    volumeStatus: "More about the volume, for kinds that have more. Needs the feature gate ImageVolumeWithDigest.",
  },
  VolumeStatus: {
    "": "More about a volume that is mounted.",
    image: "For an image volume: the image.",
  },
  ImageVolumeStatus: {
    "": "The image that an image volume shows.",
    imageRef: "The image with its digest.",
  },
};
