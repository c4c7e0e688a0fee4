// A registry on this machine that has the images that were built here: some tests pull an image although it is there.
// Source: OCI distribution specification 1.1, the pull part.
import { createReadStream, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { BuiltImage } from "./images/build.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";

export interface LocalRegistry {
  readonly url: string;
  end(): void;
}

export interface RegistryContent {
  readonly images: readonly Pick<BuiltImage, "reference" | "digest">[];
  /** OCI image layout that holds their blobs. */
  readonly store: string;
}

/** Serves the images, read only, at a free port of the address. */
export async function startRegistry(content: RegistryContent, address: string): Promise<LocalRegistry> {
  // By `<repository>:<tag>`, the registry's own name cut off: which one was asked for makes no difference here.
  const digests = new Map(
    content.images.map(({ reference, digest }) => [reference.slice(reference.indexOf("/") + 1), digest]),
  );
  const server = createServer((request, response) => answer(request, response, { digests, store: content.store }));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${address}:${port}`,
    end: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Served {
  readonly digests: ReadonlyMap<string, string>;
  readonly store: string;
}

function answer(request: IncomingMessage, response: ServerResponse, { digests, store }: Served): void {
  const path = new URL(request.url ?? "/", "http://registry").pathname;
  if (path === "/v2/") return void response.end();
  const [, repository, kind, name] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
  if (repository === undefined || name === undefined) {
    refuse(response, "NAME_UNKNOWN");
    return;
  }
  const digest = name.startsWith("sha256:") ? name : digests.get(`${repository}:${name}`);
  const file = /^sha256:[0-9a-f]{64}$/.test(digest ?? "") ? join(store, "blobs", "sha256", digest?.slice(7) ?? "") : "";
  if (digest === undefined || !existsSync(file)) {
    refuse(response, kind === "blobs" ? "BLOB_UNKNOWN" : "MANIFEST_UNKNOWN");
    return;
  }
  response.setHeader("content-type", kind === "blobs" ? "application/octet-stream" : manifestType);
  response.setHeader("content-length", statSync(file).size);
  response.setHeader("docker-content-digest", digest);
  if (request.method === "HEAD") return void response.end();
  createReadStream(file)
    .on("error", (error) => response.destroy(error))
    .pipe(response);
}

function refuse(response: ServerResponse, code: string): void {
  response.statusCode = 404;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ errors: [{ code, message: "this registry does not have it" }] }));
}

/** Lets the nodes of a cluster pull these images from `url`, and from nowhere else. */
export function pullFrom(url: string, { clusterDirectory, images }: PullSettings): void {
  const hosts = new Set(images.map(({ reference }) => reference.slice(0, reference.indexOf("/"))));
  for (const host of hosts) {
    const directory = join(clusterDirectory, "registries", host);
    mkdirSync(directory, { recursive: true });
    const words = [`server = "${url}"`, `[host."${url}"]`, `  capabilities = ["pull", "resolve"]`];
    writeFileSync(join(directory, "hosts.toml"), `${words.join("\n")}\n`);
  }
}

export interface PullSettings {
  readonly clusterDirectory: string;
  readonly images: RegistryContent["images"];
}
