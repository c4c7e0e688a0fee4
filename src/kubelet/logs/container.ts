// Which container's log is meant, and why there is none. Texts are upstream's (kubelet_pods.go validateContainerLogStatus).
import type { ContainerStatus, PodStatus } from "../../api/index.ts";

/** Container id without its runtime's prefix. Throws with the text for the user. */
export function containerWithLogs(
  pod: { readonly name: string; readonly status: PodStatus | undefined },
  container: string,
  previous: boolean,
): string {
  const { status } = pod;
  const all = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  const found = all.find((each) => each.name === container);
  const where = `container ${JSON.stringify(container)} in pod ${JSON.stringify(pod.name)}`;
  if (found === undefined) throw new Error(`${where} is not available`);
  const id = previous ? found.lastState?.terminated?.containerID : currentId(found, where);
  if (!id) throw new Error(`previous terminated ${where} not found`);
  return id.split("://")[1] ?? id;
}

function currentId(found: ContainerStatus, where: string): string | undefined {
  const { state, lastState } = found;
  if (state?.running !== undefined) return found.containerID;
  if (state?.terminated !== undefined) {
    // It could not even be made: the one before it has the log.
    const id = state.terminated.containerID || lastState?.terminated?.containerID;
    if (!id) throw new Error(`${where} is terminated`);
    return id;
  }
  if (lastState?.terminated !== undefined) {
    if (!lastState.terminated.containerID) throw new Error(`${where} is terminated`);
    return lastState.terminated.containerID;
  }
  switch (state?.waiting?.reason) {
    case undefined:
      throw new Error(`${where} is waiting to start - no logs yet`);
    case "ErrImagePull":
      throw new Error(`${where} is waiting to start: image can't be pulled`);
    case "ImagePullBackOff":
      throw new Error(`${where} is waiting to start: trying and failing to pull image`);
    default:
      throw new Error(`${where} is waiting to start: ${state?.waiting?.reason}`);
  }
}
