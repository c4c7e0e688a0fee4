// What a pod's status tells of its volumes, behind the gate ImageVolumeWithDigest. Upstream: pkg/api/pod dropImageVolumeWithDigest,
// validateVolumeStatus.
import type { ContainerStatus, Pod, PodStatus } from "../../../../facts/types/core.v1.ts";
import { field, utf8Length } from "../../../machinery/index.ts";
import type { RuleContext } from "../../kind.ts";
import { type Check, child, item, worthChecking } from "../../lib/validate.ts";

const lists = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] as const;

const tellsOfVolumes = (status: PodStatus | undefined): boolean =>
  lists.some((list) =>
    status?.[list]?.some(({ volumeMounts }) => volumeMounts?.some(({ volumeStatus }) => volumeStatus !== undefined)),
  );

const gateOf = ({ featureEnabled }: Pick<RuleContext, "featureEnabled">): boolean =>
  featureEnabled("ImageVolumeWithDigest");

const without = (status: ContainerStatus): ContainerStatus =>
  status.volumeMounts === undefined
    ? status
    : { ...status, volumeMounts: status.volumeMounts.map(({ volumeStatus: _, ...mount }) => mount) };

/** Changes the draft's own status: while the gate is off nothing new is told. */
export function dropVolumeStatuses(draft: Pod, old: Pod, context: RuleContext): void {
  const { status } = draft;
  if (status === undefined || !tellsOfVolumes(status) || gateOf(context) || tellsOfVolumes(old.status)) return;
  for (const list of lists) if (status[list] !== undefined) status[list] = status[list].map(without);
}

const longestImageRef = 256;

export const volumeStatuses =
  (context: RuleContext): Check<PodStatus | undefined> =>
  (status, at, found) => {
    if (!tellsOfVolumes(status) || !gateOf(context)) return;
    for (const list of lists)
      for (const [index, { volumeMounts = [] }] of worthChecking(status?.[list] ?? [], found))
        for (const [place, { volumeStatus }] of worthChecking(volumeMounts, found)) {
          if (volumeStatus?.image === undefined) continue;
          const mount = item(child(item(child(at, list), index), "volumeMounts"), place);
          const path = child(mount, "volumeStatus.imageVolumeStatus.imageRef");
          const { imageRef = "" } = volumeStatus.image;
          if (imageRef === "") found.push(field.required(path, "imageRef must not be empty"));
          if (utf8Length(imageRef) > longestImageRef) found.push(field.tooLong(path, longestImageRef));
        }
  };
