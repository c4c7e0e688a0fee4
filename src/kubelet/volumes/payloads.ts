// Files of volumes that come from the API. Upstream: pkg/volume/{configmap,secret,downwardapi,projected}; texts are theirs.
import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  Volume,
  VolumeProjection,
} from "../../api/index.ts";
import { AbsentError, type ReferencedObjects } from "../env/environment.ts";
import { type FieldContext, fieldValue, resourceValue } from "../env/fields.ts";
import type { Payload, PayloadFile } from "./atomic-writer.ts";
import type { CertificateSource, Credentials } from "./pod-certificates.ts";
import type { TrustBundleWish } from "./trust-bundles.ts";

export interface TokenWish {
  readonly audience: string;
  readonly expirationSeconds: number;
}

export interface PayloadInput extends FieldContext {
  readonly objects: ReferencedObjects;
  readonly token: (wish: TokenWish) => Promise<string>;
  /** PEM text. */
  readonly anchors: (wish: TrustBundleWish) => Promise<string>;
  /** Throws while there are none. */
  readonly credentials: (source: CertificateSource) => Credentials;
  /** User all containers run as, when it is one. */
  readonly user: number | undefined;
}

const defaultMode = 0o644;
const utf8 = new TextEncoder();
const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

/** Undefined for volumes that are not made of API objects. */
export async function payloadOf(volume: Volume, input: PayloadInput): Promise<Payload | undefined> {
  const namespace = input.pod.metadata.namespace ?? "";
  if (volume.configMap !== undefined) {
    const { name = "", items, optional, defaultMode: mode = defaultMode } = volume.configMap;
    return configMapFiles(await absentIfOptional(input.objects.configMap(namespace, name), optional), {
      items,
      optional,
      mode,
    });
  }
  if (volume.secret !== undefined) {
    const { secretName = "", items, optional, defaultMode: mode = defaultMode } = volume.secret;
    return secretFiles(await absentIfOptional(input.objects.secret(namespace, secretName), optional), {
      items,
      optional,
      mode,
    });
  }
  if (volume.downwardAPI !== undefined)
    return downwardFiles(volume.downwardAPI.items ?? [], volume.downwardAPI.defaultMode ?? defaultMode, input);
  if (volume.projected !== undefined) {
    const mode = volume.projected.defaultMode ?? defaultMode;
    const all = new Map<string, PayloadFile>();
    for (const [index, source] of (volume.projected.sources ?? []).entries()) {
      const place = { volume: volume.name, index, mode };
      for (const [path, file] of await projectedFiles(source, place, input)) all.set(path, file);
    }
    return all;
  }
  return undefined;
}

interface Selection {
  readonly items: readonly KeyToPath[] | undefined;
  readonly optional: boolean | undefined;
  readonly mode: number;
}

async function absentIfOptional<T>(found: Promise<T>, optional: boolean | undefined): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (optional === true && error instanceof AbsentError) return undefined;
    throw error;
  }
}

function selected(
  all: ReadonlyMap<string, Uint8Array>,
  selection: Selection,
  missing: (key: string) => string,
): Payload {
  const { items, optional, mode } = selection;
  const files = new Map<string, PayloadFile>();
  if (items === undefined || items.length === 0) {
    for (const [name, data] of all) files.set(name, { data, mode });
    return files;
  }
  for (const item of items) {
    const data = all.get(item.key);
    if (data !== undefined) files.set(item.path, { data, mode: item.mode ?? mode });
    else if (optional !== true) throw new Error(missing(item.key));
  }
  return files;
}

function configMapFiles(map: ConfigMap | undefined, selection: Selection): Payload {
  const all = new Map<string, Uint8Array>();
  for (const [name, text] of Object.entries(map?.data ?? {})) all.set(name, utf8.encode(text));
  for (const [name, text] of Object.entries(map?.binaryData ?? {})) all.set(name, fromBase64(text));
  return selected(all, selection, (key) => `configmap references non-existent config key: ${key}`);
}

function secretFiles(secret: Secret | undefined, selection: Selection): Payload {
  const all = new Map(Object.entries(secret?.data ?? {}).map(([name, text]) => [name, fromBase64(text)]));
  return selected(all, selection, (key) => `references non-existent secret key: ${key}`);
}

function downwardFiles(items: readonly DownwardAPIVolumeFile[], mode: number, input: PayloadInput): Payload {
  const files = new Map<string, PayloadFile>();
  for (const item of items) {
    const value =
      item.fieldRef !== undefined
        ? fieldValue(item.fieldRef.fieldPath, input)
        : item.resourceFieldRef !== undefined
          ? resourceValue(item.resourceFieldRef, input)
          : "";
    files.set(item.path, { data: utf8.encode(value), mode: item.mode ?? mode });
  }
  return files;
}

interface Place {
  readonly volume: string;
  readonly index: number;
  readonly mode: number;
}

/** Readable by the container's user alone when it is known who that is. */
function personal(mode: number, input: PayloadInput, texts: Readonly<Record<string, string>>): Payload {
  const restricted = input.user !== undefined || input.pod.spec.securityContext?.fsGroup !== undefined;
  const owner = input.user === undefined ? {} : { uid: input.user };
  return new Map(
    Object.entries(texts).map(([path, text]) => [
      path,
      { data: utf8.encode(text), mode: restricted ? 0o600 : mode, ...owner },
    ]),
  );
}

async function certificateFiles(source: VolumeProjection, place: Place, input: PayloadInput): Promise<Payload> {
  const { clusterTrustBundle, podCertificate } = source;
  if (clusterTrustBundle !== undefined)
    return personal(place.mode, input, { [clusterTrustBundle.path]: await input.anchors(clusterTrustBundle) });
  if (podCertificate === undefined) return new Map();
  const { key, chain } = input.credentials({ ...place, wish: podCertificate });
  const { credentialBundlePath, keyPath, certificateChainPath } = podCertificate;
  return personal(place.mode, input, {
    ...(credentialBundlePath ? { [credentialBundlePath]: key + chain } : {}),
    ...(keyPath ? { [keyPath]: key } : {}),
    ...(certificateChainPath ? { [certificateChainPath]: chain } : {}),
  });
}

async function projectedFiles(source: VolumeProjection, place: Place, input: PayloadInput): Promise<Payload> {
  const { mode } = place;
  const namespace = input.pod.metadata.namespace ?? "";
  if (source.configMap !== undefined) {
    const { name = "", items, optional } = source.configMap;
    return configMapFiles(await absentIfOptional(input.objects.configMap(namespace, name), optional), {
      items,
      optional,
      mode,
    });
  }
  if (source.secret !== undefined) {
    const { name = "", items, optional } = source.secret;
    return secretFiles(await absentIfOptional(input.objects.secret(namespace, name), optional), {
      items,
      optional,
      mode,
    });
  }
  if (source.downwardAPI !== undefined) return downwardFiles(source.downwardAPI.items ?? [], mode, input);
  if (source.serviceAccountToken !== undefined) {
    const { audience = "", expirationSeconds = 3600, path } = source.serviceAccountToken;
    return personal(mode, input, { [path]: await input.token({ audience, expirationSeconds }) });
  }
  return certificateFiles(source, place, input);
}

/** The one user of all containers, or undefined. Upstream: volumeutil.FsUserFrom. */
export function userOfAll(pod: Pod): number | undefined {
  const users = new Set(
    [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(
      (container) => container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser,
    ),
  );
  return users.size === 1 ? [...users][0] : undefined;
}
