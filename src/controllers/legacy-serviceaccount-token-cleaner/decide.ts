// Which tokens in Secrets nobody has used for long. Only those that an account lists were once made without being asked for; Secrets
// made by hand stay. Upstream: pkg/controller/serviceaccount/legacy_serviceaccount_token_cleaner.go. Dates are days, `2006-01-02`.
import type { Pod, Secret, ServiceAccount } from "../../api/index.ts";
import { parseTime } from "../../machinery/index.ts";

const lastUsedLabel = "kubernetes.io/legacy-token-last-used";
export const invalidSinceLabel = "kubernetes.io/legacy-token-invalid-since";

export interface Observed {
  readonly secret: Secret;
  /** The account that the Secret names, when it is still that one. */
  readonly account: ServiceAccount | undefined;
  /** Names of Secrets that pods of the namespace use. */
  readonly mounted: ReadonlySet<string>;
  readonly nowMs: number;
  readonly unusedForMs: number;
}

export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const isDay = (text: string | undefined): text is string =>
  text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));

/** `mark`: label it as invalid, so that whoever still needs it notices; a year later it is deleted. */
export function decide({ secret, account, mounted, nowMs, unusedForMs }: Observed): "keep" | "mark" | "delete" {
  const { metadata } = secret;
  const oldest = nowMs - unusedForMs;
  if (secret.type !== "kubernetes.io/service-account-token" || metadata.deletionTimestamp !== undefined) return "keep";
  if (parseTime(metadata.creationTimestamp) >= oldest) return "keep";
  const lastUsed = metadata.labels?.[lastUsedLabel];
  if (lastUsed !== undefined && (!isDay(lastUsed) || lastUsed >= dayOf(oldest))) return "keep";
  if (!account?.secrets?.some((each) => each.name === metadata.name) || mounted.has(metadata.name)) return "keep";
  const invalidSince = metadata.labels?.[invalidSinceLabel];
  if (!isDay(invalidSince)) return "mark";
  return invalidSince >= dayOf(oldest) ? "keep" : "delete";
}

type Volume = NonNullable<NonNullable<Pod["spec"]>["volumes"]>[number];

/** Every Secret that a pod names: for pulling images, in the environment, as volumes and for volumes. */
export function secretNamesOf({ spec }: Pod): string[] {
  const containers = [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
  const names = [
    ...(spec?.imagePullSecrets ?? []).map((each) => each.name),
    ...containers.flatMap(({ env, envFrom }) => [
      ...(envFrom ?? []).map((each) => each.secretRef?.name),
      ...(env ?? []).map((each) => each.valueFrom?.secretKeyRef?.name),
    ]),
    ...(spec?.volumes ?? []).flatMap(secretNamesOfVolume),
  ];
  return names.filter((name): name is string => name !== undefined && name !== "");
}

const secretNamesOfVolume = (volume: Volume): (string | undefined)[] => [
  volume.secret?.secretName,
  volume.azureFile?.secretName,
  ...(volume.projected?.sources ?? []).map((each) => each.secret?.name),
  ...[volume.cephfs, volume.cinder, volume.flexVolume, volume.rbd, volume.scaleIO, volume.iscsi, volume.storageos].map(
    (each) => each?.secretRef?.name,
  ),
  volume.csi?.nodePublishSecretRef?.name,
];
