// The sources of a pod's volumes. Upstream: pkg/apis/core/validation validateVolumeSource and what it calls.
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  Volume,
  VolumeProjection,
} from "../../../../facts/types/core.v1.ts";
import { compareQuantities, dns1123Subdomain, field } from "../../../machinery/index.ts";
import { annotations, labels } from "../metadata.ts";
import { descendingPath, fileMode, noBacksteps, unreservedPath } from "../paths.ts";
import {
  type Check,
  child,
  dnsLabel,
  each,
  type Findings,
  fields,
  item,
  oneOf,
  required,
  visit,
  worthChecking,
} from "../validate.ts";
import { claimSpec } from "../volumes/volume-claim.ts";
import { storageSources } from "../volumes/volume-sources.ts";
import { podCertificate, trustBundle } from "./certificate-projections.ts";
import { fieldRef, resourceFieldRef } from "./env.ts";

type Sources = Omit<Volume, "name">;

const downwardFields = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];

const need = required();

const keyToPath: Check<KeyToPath> = (value, at, found) => {
  need(value.key, child(at, "key"), found);
  need(value.path, child(at, "path"), found);
  unreservedPath(value.path, child(at, "path"), found);
  fileMode(value.mode, child(at, "mode"), found);
};

const downwardFile: Check<DownwardAPIVolumeFile> = (file, at, found) => {
  required()(file.path, child(at, "path"), found);
  unreservedPath(file.path, child(at, "path"), found);
  if (file.fieldRef !== undefined) {
    fieldRef(downwardFields)(file.fieldRef, child(at, "fieldRef"), found);
    if (file.resourceFieldRef !== undefined)
      found.push(field.invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
  } else if (file.resourceFieldRef !== undefined)
    resourceFieldRef({ inVolume: true })(file.resourceFieldRef, child(at, "resourceFieldRef"), found);
  else found.push(field.required(at, "one of fieldRef and resourceFieldRef is required"));
  fileMode(file.mode, child(at, "mode"), found);
};

type Projection<K extends keyof VolumeProjection> = NonNullable<VolumeProjection[K]>;

/** Files of all sources share one directory: `claim` notes a path and reports the second use of it. */
interface Directory {
  readonly at: string;
  readonly claim: (path: string | undefined, shown: string, found: Findings) => void;
}

const directory = (at: string): Directory => {
  const taken = new Set<string>();
  return {
    at,
    claim: (path, shown, found) => {
      if (!path) return;
      if (taken.has(path)) found.push(field.invalid(at, shown, "conflicting duplicate paths"));
      taken.add(path);
    },
  };
};

const keyed =
  (files: Directory): Check<Projection<"secret"> | Projection<"configMap">> =>
  (source, at, found) => {
    need(source.name, child(at, "name"), found);
    visit<KeyToPath>(source.items, found, (each, index) => {
      keyToPath(each, item(child(at, "items"), index), found);
      files.claim(each.path, source.name ?? "", found);
    });
  };

const token =
  (files: Directory): Check<Projection<"serviceAccountToken">> =>
  ({ expirationSeconds = 0, path }, at, found) => {
    const seconds = child(at, "expirationSeconds");
    if (expirationSeconds < 600)
      found.push(field.invalid(seconds, expirationSeconds, "may not specify a duration less than 10 minutes"));
    if (expirationSeconds > 2 ** 32)
      found.push(field.invalid(seconds, expirationSeconds, "may not specify a duration larger than 2^32 seconds"));
    required(unreservedPath)(path, child(files.at, "path"), found);
  };

/** Two trust bundles without a path have the same one. */
const noPath = "\0";

const projection =
  (files: Directory): Check<VolumeProjection> =>
  (source, at, found) => {
    if (source.secret) keyed(files)(source.secret, child(at, "secret"), found);
    if (source.configMap) keyed(files)(source.configMap, child(at, "configMap"), found);
    for (const [, file] of worthChecking(source.downwardAPI?.items ?? [], found)) {
      downwardFile(file, child(at, "downwardAPI"), found);
      files.claim(file.path, file.path, found);
    }
    if (source.serviceAccountToken) token(files)(source.serviceAccountToken, child(at, "serviceAccountToken"), found);
    if (source.clusterTrustBundle)
      trustBundle((path, all) => files.claim(path || noPath, path, all))(
        source.clusterTrustBundle,
        child(at, "clusterTrustBundle"),
        found,
      );
    if (source.podCertificate)
      podCertificate((path, all) => files.claim(path, path, all))(
        source.podCertificate,
        child(at, "podCertificate"),
        found,
      );
    let count = 0;
    for (const name in source) if (source[name as keyof VolumeProjection] !== undefined) count++;
    if (count > 1) found.push(field.forbidden(at, "may not specify more than 1 volume type per source"));
  };

const projected: Check<ProjectedVolumeSource> = (value, at, found) => {
  fileMode(value.defaultMode, child(at, "defaultMode"), found);
  each(projection(directory(at)))(value.sources, child(at, "sources"), found);
};

const hostPathTypes = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

export const hostPath: Check<NonNullable<Volume["hostPath"]>> = (value, at, found) => {
  if (!value.path) {
    found.push(field.required(child(at, "path")));
    return;
  }
  noBacksteps(value.path, child(at, "path"), found);
  oneOf(...hostPathTypes)(value.type, child(at, "type"), found);
};

export const pullPolicy = required(oneOf("Always", "IfNotPresent", "Never"));

export interface VolumeContext {
  /** Of the pod; templates have none. */
  readonly podName: string | undefined;
  /** A pod proper: an image volume needs its reference. */
  readonly isPod: boolean;
}

type SourceChecks = { readonly [K in keyof Sources]-?: Check<NonNullable<Sources[K]>> };

/** Check of each source in upstream's order, with the path names that upstream reports. */
const sourceChecks = ({ isPod }: Pick<VolumeContext, "isPod">): SourceChecks => ({
  ...storageSources,
  emptyDir: ({ sizeLimit }, at, found) => {
    if (sizeLimit !== undefined && compareQuantities(sizeLimit, "0") < 0)
      found.push(field.forbidden(child(at, "sizeLimit"), "SizeLimit field must be a valid resource quantity"));
  },
  hostPath,
  gitRepo: (value, at, found) => {
    required()(value.repository, child(at, "repository"), found);
    descendingPath(value.directory, child(at, "directory"), found);
  },
  secret: fields<NonNullable<Volume["secret"]>>({
    secretName: required(),
    defaultMode: fileMode,
    items: each(keyToPath),
  }),
  persistentVolumeClaim: fields<NonNullable<Volume["persistentVolumeClaim"]>>({ claimName: required() }),
  downwardAPI: (value, at, found) => {
    fileMode(value.defaultMode, child(at, "defaultMode"), found);
    for (const [, file] of worthChecking(value.items ?? [], found)) downwardFile(file, at, found);
  },
  configMap: fields<NonNullable<Volume["configMap"]>>({
    name: required(),
    defaultMode: fileMode,
    items: each(keyToPath),
  }),
  projected,
  ephemeral: ({ volumeClaimTemplate: template }, at, found) => {
    const path = child(at, "volumeClaimTemplate");
    if (template === undefined) {
      found.push(field.required(path));
      return;
    }
    labels(template.metadata?.labels, child(path, "metadata.labels"), found);
    annotations(template.metadata?.annotations, child(path, "metadata.annotations"), found);
    claimSpec(template.spec, child(path, "spec"), found);
  },
  image: (value, at, found) => {
    if (isPod) need(value.reference, child(at, "reference"), found);
    pullPolicy(value.pullPolicy, child(at, "pullPolicy"), found);
  },
});

const checksOf = { pods: sourceChecks({ isPod: true }), templates: sourceChecks({ isPod: false }) };

const order: readonly (keyof Sources)[] = [
  "emptyDir",
  "hostPath",
  "gitRepo",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "secret",
  "nfs",
  "iscsi",
  "glusterfs",
  "flocker",
  "persistentVolumeClaim",
  "rbd",
  "cinder",
  "cephfs",
  "quobyte",
  "downwardAPI",
  "fc",
  "flexVolume",
  "configMap",
  "azureFile",
  "vsphereVolume",
  "photonPersistentDisk",
  "portworxVolume",
  "azureDisk",
  "storageos",
  "projected",
  "scaleIO",
  "csi",
  "ephemeral",
  "image",
];
/** Where upstream's paths are not the field's name: once for the one too many, once for what is wrong inside. */
const extraNames: Partial<Record<keyof Sources, string>> = { cephfs: "cephFS", downwardAPI: "downwarAPI" };
const innerNames: Partial<Record<keyof Sources, string>> = { gcePersistentDisk: "persistentDisk" };

/** The sources of the volume in upstream's order. Most have one, and of those the rest is not looked for. */
function namedSources(volume: Volume): readonly (keyof Sources)[] {
  let only: string | undefined;
  for (const name in volume) {
    if (name === "name") continue;
    if (only !== undefined) return order;
    only = name;
  }
  return (only === undefined ? undefined : alone.get(only)) ?? order;
}

const alone: ReadonlyMap<string, readonly (keyof Sources)[]> = new Map(order.map((name) => [name, [name]]));

function source(volume: Volume, context: VolumeContext, at: string): Findings {
  const found: Findings = [];
  const checks = context.isPod ? checksOf.pods : checksOf.templates;
  let count = 0;
  for (const name of namedSources(volume)) {
    const value = volume[name];
    if (value === undefined || value === null) continue;
    count++;
    if (count > 1)
      found.push(field.forbidden(child(at, extraNames[name] ?? name), "may not specify more than 1 volume type"));
    else (checks[name] as Check<unknown>)(value, child(at, innerNames[name] ?? name), found);
  }
  if (volume.iscsi?.initiatorName !== undefined && `${volume.name}:${volume.iscsi.targetPortal}`.length > 64)
    found.push(
      field.invalid(
        child(at, "name"),
        volume.name,
        "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.",
      ),
    );
  if (volume.ephemeral && context.podName && volume.name) {
    const claim = `${context.podName}-${volume.name}`;
    for (const text of dns1123Subdomain(claim))
      found.push(field.invalid(child(at, "name"), volume.name, `PVC name ${JSON.stringify(claim)}: ${text}`));
  }
  if (count === 0) found.push(field.required(at, "must specify a volume type"));
  return found;
}

const label = required(dnsLabel);

/** Checks all volumes; returns those that containers may refer to, by name. */
export function volumes(
  list: readonly Volume[] | undefined,
  context: VolumeContext & { at: string },
  found: Findings,
): Map<string, Volume> {
  const usable = new Map<string, Volume>();
  const created = new Set<string>();
  for (const each of list ?? []) if (each.ephemeral && context.podName) created.add(`${context.podName}-${each.name}`);
  visit(list, found, (volume, index) => {
    const path = item(context.at, index);
    const own = source(volume, context, path);
    label(volume.name, child(path, "name"), own);
    if (usable.has(volume.name)) own.push(field.duplicate(child(path, "name"), volume.name));
    if (own.length === 0) usable.set(volume.name, volume);
    found.push(...own);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && created.has(claim))
      found.push(
        field.invalid(
          child(path, "persistentVolumeClaim.claimName"),
          claim,
          "must not reference a PVC that gets created for an ephemeral volume",
        ),
      );
  });
  return usable;
}
