// A store of container images made on this machine: an OCI image layout whose blobs are named by digest, so that a layer
// shared by many images is there once, and archives of it that `ctr images import` loads.
// Source: OCI image specification 1.0 (image layout, index, manifest, configuration).
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Layer {
  /** `sha256:…` of the uncompressed tar, which is what the store keeps. */
  readonly digest: string;
  readonly size: number;
}

export interface ImageRecipe {
  /** Full name with tag. */
  readonly reference: string;
  readonly layers: readonly Layer[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: readonly string[];
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly exposedPorts?: readonly number[];
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };
const architecture = architectures[process.arch] ?? process.arch;

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const epoch = new Date(0).toISOString();

export const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

/** Hex SHA-256 of a file's content. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

const blobPath = (store: string, digest: string): string =>
  join(store, "blobs", "sha256", digest.slice("sha256:".length));

/**
 * The layer `name` in the store, made by `fill` into an empty directory when no layer with this `key` is there yet.
 * Owners, modes and links are kept; times are not, so that equal content gives equal digests.
 */
export async function layerOf(
  store: string,
  { name, key, fill }: { name: string; key: string; fill: (directory: string) => Promise<void> },
): Promise<Layer> {
  const record = join(store, "layers", `${name}-${key}.json`);
  if (existsSync(record)) {
    const layer = JSON.parse(readFileSync(record, "utf8")) as Layer;
    if (existsSync(blobPath(store, layer.digest))) return layer;
  }
  for (const directory of ["layers", "work", join("blobs", "sha256")])
    mkdirSync(join(store, directory), { recursive: true });
  const directory = join(store, "work", `${name}-${process.pid}`);
  const archive = `${directory}.tar`;
  try {
    mkdirSync(directory, { mode: 0o755 });
    await fill(directory);
    await run("tar", [
      ...["--create", "--file", archive, "--directory", directory, "--format=gnu"],
      ...["--sort=name", "--numeric-owner", "--mtime=@0", "."],
    ]);
    const digest = `sha256:${await sha256OfFile(archive)}`;
    const layer: Layer = { digest, size: statSync(archive).size };
    renameSync(archive, blobPath(store, digest));
    writeFileSync(record, JSON.stringify(layer));
    return layer;
  } finally {
    for (const path of [directory, archive]) rmSync(path, { recursive: true, force: true });
  }
}

function writeBlob(store: string, mediaType: string, value: unknown): Descriptor {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const digest = `sha256:${sha256(bytes)}`;
  const path = blobPath(store, digest);
  if (!existsSync(path)) writeFileSync(path, bytes);
  return { mediaType, digest, size: bytes.length };
}

/** `<repository>@<digest>` of a `<repository>:<tag>`. */
export const digestReference = (reference: string, digest: string): string =>
  `${reference.slice(0, reference.lastIndexOf(":"))}@${digest}`;

/** Writes configuration and manifest. Every reference gets an image ID of its own: a runtime names an ID by any of its tags. */
function writeImage(store: string, image: ImageRecipe) {
  const config = writeBlob(store, "application/vnd.oci.image.config.v1+json", {
    architecture,
    os: "linux",
    created: epoch,
    config: {
      Env: [defaultPath, ...(image.environment ?? [])],
      ...(image.entrypoint ? { Entrypoint: image.entrypoint } : {}),
      ...(image.command ? { Cmd: image.command } : {}),
      ...(image.user ? { User: image.user } : {}),
      ...(image.workingDirectory ? { WorkingDir: image.workingDirectory } : {}),
      ...(image.exposedPorts
        ? { ExposedPorts: Object.fromEntries(image.exposedPorts.map((port) => [`${port}/tcp`, {}])) }
        : {}),
      Labels: { "org.opencontainers.image.ref.name": image.reference },
    },
    rootfs: { type: "layers", diff_ids: image.layers.map((layer) => layer.digest) },
    history: image.layers.map(() => ({ created: epoch, created_by: "typernetes" })),
  });
  const manifestType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = writeBlob(store, manifestType, {
    schemaVersion: 2,
    mediaType: manifestType,
    config,
    layers: image.layers.map((layer) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer })),
  });
  // Under its digest too, as a pull leaves it: the kubelet reports this name as the container's imageID.
  const names = [image.reference, digestReference(image.reference, manifest.digest)];
  return {
    reference: image.reference,
    digest: manifest.digest,
    entries: names.map((name) => ({
      ...manifest,
      platform: { architecture, os: "linux" },
      annotations: { "io.containerd.image.name": name },
    })),
    blobs: [config.digest, manifest.digest, ...image.layers.map((layer) => layer.digest)],
  };
}

export interface Archive {
  readonly path: string;
  /** Manifest digest (`sha256:…`) of each reference in the archive. */
  readonly digests: ReadonlyMap<string, string>;
  /** All blobs in it, `sha256:…`. */
  readonly blobs: ReadonlySet<string>;
}

/** One archive of all the images, named by its content and written once. */
export async function archiveOf(store: string, name: string, images: readonly ImageRecipe[]): Promise<Archive> {
  mkdirSync(join(store, "work"), { recursive: true });
  mkdirSync(join(store, "blobs", "sha256"), { recursive: true });
  const written = images.map((image) => writeImage(store, image));
  const index = JSON.stringify({ schemaVersion: 2, manifests: written.flatMap((image) => image.entries) });
  const path = join(store, `${name}-${sha256(index).slice(0, 16)}.tar`);
  const digests = new Map(written.map((image) => [image.reference, image.digest]));
  const blobs = new Set(written.flatMap((image) => image.blobs));
  const archive = { path, digests, blobs };
  if (existsSync(path)) return archive;
  const front = join(store, "work", `front-${process.pid}`);
  const partial = `${path}.part-${process.pid}`;
  try {
    mkdirSync(front);
    writeFileSync(join(front, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    writeFileSync(join(front, "index.json"), index);
    await run("tar", [
      ...["--create", "--file", partial, "--format=gnu", "--numeric-owner", "--mtime=@0"],
      ...["--directory", front, "oci-layout", "index.json", "--directory", store],
      ...Array.from(blobs, (digest) => join("blobs", "sha256", digest.slice("sha256:".length))),
    ]);
    renameSync(partial, path);
    return archive;
  } finally {
    rmSync(front, { recursive: true, force: true });
    rmSync(partial, { force: true });
  }
}

/** Removes older archives of the name, and the layers and blobs that this archive does not use. */
export function removeOthers(store: string, name: string, archive: Archive): void {
  for (const file of readdirSync(store))
    if (file.startsWith(`${name}-`) && file.endsWith(".tar") && join(store, file) !== archive.path)
      rmSync(join(store, file));
  for (const hex of readdirSync(join(store, "blobs", "sha256")))
    if (!archive.blobs.has(`sha256:${hex}`)) rmSync(join(store, "blobs", "sha256", hex));
  for (const file of readdirSync(join(store, "layers"))) {
    const record = join(store, "layers", file);
    if (!archive.blobs.has((JSON.parse(readFileSync(record, "utf8")) as Layer).digest)) rmSync(record);
  }
}
