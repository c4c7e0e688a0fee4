// Container images made on the spot, without any registry: OCI image archives of a few files.
// Source: OCI image specification 1.0 (image layout, config, manifest).
import { createHash } from "node:crypto";

export interface ImageFile {
  /** Path below the root, without a leading slash. */
  readonly path: string;
  readonly content: Uint8Array | { readonly linkTo: string } | "directory";
  readonly mode?: number;
}

export interface ImageDefinition {
  /** Full name with tag: `t8s.local/pause:1`. */
  readonly name: string;
  readonly files: readonly ImageFile[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: readonly string[];
  readonly user?: string;
  readonly workingDirectory?: string;
  /** Node's name of the processor: `x64`, `arm64`. */
  readonly arch: string;
}

const goArch: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
/** One time for all files, so that equal content gives equal digests. */
const epoch = new Date(0);

/** A tar archive that `ctr images import` loads. */
export async function buildImageArchive(image: ImageDefinition): Promise<Uint8Array> {
  const { packTar } = await import("modern-tar");
  const layer = await packTar(
    image.files.map((file) => {
      const common = { name: file.path, mtime: epoch, uid: 0, gid: 0 };
      if (file.content === "directory")
        return {
          header: { ...common, name: `${file.path}/`, type: "directory" as const, size: 0, mode: file.mode ?? 0o755 },
        };
      if (file.content instanceof Uint8Array)
        return { header: { ...common, size: file.content.length, mode: file.mode ?? 0o644 }, body: file.content };
      return { header: { ...common, type: "symlink" as const, size: 0, linkname: file.content.linkTo, mode: 0o777 } };
    }),
  );
  const architecture = goArch[image.arch] ?? image.arch;
  const config = json({
    architecture,
    os: "linux",
    created: epoch.toISOString(),
    config: {
      Env: image.environment ?? ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      ...(image.entrypoint ? { Entrypoint: image.entrypoint } : {}),
      ...(image.command ? { Cmd: image.command } : {}),
      ...(image.user ? { User: image.user } : {}),
      ...(image.workingDirectory ? { WorkingDir: image.workingDirectory } : {}),
    },
    rootfs: { type: "layers", diff_ids: [`sha256:${digestOf(layer)}`] },
    history: [{ created: epoch.toISOString(), created_by: "typernetes" }],
  });
  const describe = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: `sha256:${digestOf(bytes)}`,
    size: bytes.length,
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: describe("application/vnd.oci.image.config.v1+json", config),
    layers: [describe("application/vnd.oci.image.layer.v1.tar", layer)],
  });
  const index = json({
    schemaVersion: 2,
    manifests: [
      {
        ...describe("application/vnd.oci.image.manifest.v1+json", manifest),
        platform: { architecture, os: "linux" },
        annotations: {
          "io.containerd.image.name": image.name,
          "org.opencontainers.image.ref.name": image.name.split(":").at(-1),
        },
      },
    ],
  });
  const file = (name: string, body: Uint8Array) => ({
    header: { name, size: body.length, mode: 0o644, mtime: epoch },
    body,
  });
  return packTar([
    file("oci-layout", json({ imageLayoutVersion: "1.0.0" })),
    file("index.json", index),
    ...[layer, config, manifest].map((blob) => file(`blobs/sha256/${digestOf(blob)}`, blob)),
  ]);
}
