// Which secrets and config maps a pod names itself, without following claims. Upstream: pkg/api/v1/pod VisitPodSecretNames,
// VisitPodConfigmapNames.

import type { Pod } from "../../api/index.ts";

type Volume = NonNullable<Pod["spec"]["volumes"]>[number];

export const podSecretNames = ({ spec }: Pod): Set<string> =>
  named([
    ...(spec.imagePullSecrets ?? []).map((each) => each.name),
    ...containersOf(spec).flatMap((container) => [
      ...(container.envFrom ?? []).map((each) => each.secretRef?.name),
      ...(container.env ?? []).map((each) => each.valueFrom?.secretKeyRef?.name),
    ]),
    ...(spec.volumes ?? []).flatMap(secretsOfVolume),
  ]);

export const podConfigMapNames = ({ spec }: Pod): Set<string> =>
  named([
    ...containersOf(spec).flatMap((container) => [
      ...(container.envFrom ?? []).map((each) => each.configMapRef?.name),
      ...(container.env ?? []).map((each) => each.valueFrom?.configMapKeyRef?.name),
    ]),
    ...(spec.volumes ?? []).flatMap((volume) => [
      volume.configMap?.name,
      ...(volume.projected?.sources ?? []).map((each) => each.configMap?.name),
    ]),
  ]);

const named = (names: readonly (string | undefined)[]): Set<string> =>
  new Set(names.filter((name) => name !== undefined && name !== "") as string[]);

const containersOf = (spec: Pod["spec"]) => [
  ...(spec.initContainers ?? []),
  ...(spec.containers ?? []),
  ...(spec.ephemeralContainers ?? []),
];

const secretsOfVolume = (volume: Volume): (string | undefined)[] => [
  volume.secret?.secretName,
  ...(volume.projected?.sources ?? []).map((each) => each.secret?.name),
  volume.azureFile?.secretName,
  volume.cephfs?.secretRef?.name,
  volume.cinder?.secretRef?.name,
  volume.flexVolume?.secretRef?.name,
  volume.rbd?.secretRef?.name,
  volume.iscsi?.secretRef?.name,
  volume.scaleIO?.secretRef?.name,
  volume.storageos?.secretRef?.name,
  volume.csi?.nodePublishSecretRef?.name,
];
