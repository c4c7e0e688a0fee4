import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "./images/oci.ts";
import { pullFrom, startRegistry } from "./registry.ts";

test("images are pulled by tag and by digest; what is not there is refused", async () => {
  const store = mkdtempSync(join(tmpdir(), "t8s-registry-"));
  const manifest = '{"schemaVersion":2}';
  const digest = `sha256:${sha256(manifest)}`;
  mkdirSync(join(store, "blobs", "sha256"), { recursive: true });
  writeFileSync(join(store, "blobs", "sha256", digest.slice(7)), manifest);
  const images = [{ reference: "registry.example/tests/web:1.0", digest }];
  const registry = await startRegistry({ images, store }, "127.0.0.1");
  try {
    const ask = (path: string, method = "GET") => fetch(`${registry.url}/v2/${path}`, { method });
    const byTag = await ask("tests/web/manifests/1.0");
    assert.equal(await byTag.text(), manifest);
    assert.equal(byTag.headers.get("content-type"), "application/vnd.oci.image.manifest.v1+json");
    assert.equal(byTag.headers.get("docker-content-digest"), digest);
    assert.equal(await (await ask(`tests/web/blobs/${digest}`)).text(), manifest);
    const head = await ask(`tests/web/manifests/${digest}`, "HEAD");
    assert.equal(head.headers.get("content-length"), String(manifest.length));
    const paths = ["tests/web/manifests/2.0", "tests/other/manifests/1.0", "tests/web/blobs/sha256:..%2F..%2Fx", "x"];
    for (const path of paths) assert.equal((await ask(path)).status, 404, path);

    pullFrom(registry.url, { clusterDirectory: store, images });
    assert.match(readFileSync(join(store, "registries", "registry.example", "hosts.toml"), "utf8"), /^server = "http:/);
  } finally {
    registry.end();
    rmSync(store, { recursive: true });
  }
});
