// Files of one volume that lie at the same path or below each other. Upstream: pkg/api/pod/warnings.go.
import type { Volume, VolumeProjection } from "../../../../facts/types/core.v1.ts";

interface File {
  readonly path: string;
  readonly source: string;
}

const show = ({ path, source }: File): string =>
  source === "" ? JSON.stringify(path) : `${JSON.stringify(path)} (${source})`;

const filesOf = (items: readonly { readonly path: string }[] | undefined, source = ""): File[] =>
  (items ?? []).map(({ path }) => ({ path, source }));

/** More than this the headers of an answer do not carry. */
const mostTexts = 100;
/** Longer ones no file system has. */
const longestPath = 4096;

/** So many are compared in pairs before tables are made. */
const few = 16;

const isWithin = (inner: string, outer: string): boolean =>
  inner.length > outer.length && inner.charCodeAt(outer.length) === slash && inner.startsWith(outer);
const slash = 0x2f;

/** True when no two meet; false when they may. */
function apart(files: readonly File[]): boolean {
  for (let index = 0; index < files.length; index++) {
    const { path } = files[index]!;
    if (path.endsWith("/")) return false;
    for (let earlier = 0; earlier < index; earlier++) {
      const other = files[earlier]!.path;
      if (path === other || isWithin(path, other) || isWithin(other, path)) return false;
    }
  }
  return true;
}

/** `"a" with "a/b"`: every file that meets an earlier one. */
function overlaps(files: readonly File[]): string[] {
  const texts: string[] = [];
  if (files.length < 2 || (files.length <= few && apart(files))) return texts;
  /** Earlier files by their path and by every folder above it. */
  const at = new Map<string, File[]>();
  const below = new Map<string, File[]>();
  const order = new Map<File, number>();
  const add = (map: Map<string, File[]>, path: string, file: File): void => {
    const known = map.get(path);
    if (known === undefined) map.set(path, [file]);
    else known.push(file);
  };
  for (const each of files) {
    if (texts.length >= mostTexts) return texts;
    const file = { ...each, path: each.path.replace(/\/+$/, "") };
    if (file.path === "" || file.path.length > longestPath) continue;
    const folders = foldersOf(file.path);
    const met = [file.path, ...folders].flatMap((path) => at.get(path) ?? []).concat(below.get(file.path) ?? []);
    met.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
    for (const other of met.slice(0, mostTexts)) texts.push(`${show(file)} with ${show(other)}`);
    order.set(file, order.size);
    add(at, file.path, file);
    for (const folder of folders) add(below, folder, file);
  }
  return texts;
}

const foldersOf = (path: string): string[] => {
  const folders: string[] = [];
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1))
    folders.push(path.slice(0, slash));
  return folders;
};

function projectedFiles(source: VolumeProjection): File[] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  if (configMap?.items !== undefined)
    return filesOf(configMap.items, `ConfigMap ${JSON.stringify(configMap.name ?? "")}`);
  if (secret?.items !== undefined) return filesOf(secret.items, `Secret ${JSON.stringify(secret.name ?? "")}`);
  if (downwardAPI?.items !== undefined) return filesOf(downwardAPI.items, "DownwardAPI");
  if (serviceAccountToken !== undefined) return filesOf([serviceAccountToken], "ServiceAccountToken");
  if (clusterTrustBundle !== undefined) {
    const name = clusterTrustBundle.name ?? clusterTrustBundle.signerName ?? "";
    return filesOf([clusterTrustBundle], `ClusterTrustBundle ${JSON.stringify(name)}`);
  }
  const { certificateChainPath, keyPath, credentialBundlePath } = podCertificate ?? {};
  return [
    { path: certificateChainPath ?? "", source: "PodCertificate chain" },
    { path: keyPath ?? "", source: "PodCertificate key" },
    { path: credentialBundlePath ?? "", source: "PodCertificate credential bundle" },
  ].filter(({ path }) => path !== "");
}

function volumeOverlaps({ name, configMap, secret, downwardAPI, projected }: Volume): string[] {
  const warn = (what: string, texts: readonly string[]): string[] =>
    texts.map((text) => `volume ${JSON.stringify(name)} (${what}): overlapping paths: ${text}`);
  const texts: string[][] = [];
  if (configMap?.items)
    texts.push(warn(`ConfigMap ${JSON.stringify(configMap.name ?? "")}`, overlaps(filesOf(configMap.items))));
  if (secret?.items)
    texts.push(warn(`Secret ${JSON.stringify(secret.secretName ?? "")}`, overlaps(filesOf(secret.items))));
  if (downwardAPI?.items) texts.push(warn("DownwardAPI", overlaps(filesOf(downwardAPI.items))));
  if (projected?.sources) {
    const empty = projected.sources.filter((source) => Object.keys(source).length === 0);
    texts.push(empty.map(() => `volume ${JSON.stringify(name)} (Projected) has no sources provided`));
    texts.push(warn("Projected", overlaps(projected.sources.flatMap(projectedFiles))));
  }
  return texts.flat();
}

export const overlapWarnings = (volumes: readonly Volume[]): string[] => volumes.flatMap(volumeOverlaps);
