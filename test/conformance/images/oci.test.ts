import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { leftOut, madeReferences } from "./images.ts";
import { archiveOf, digestReference, layerOf, removeOthers, sha256 } from "./oci.ts";

async function withStore(run: (store: string) => Promise<void>): Promise<void> {
  const store = mkdtempSync(join(tmpdir(), "t8s-images-test-"));
  try {
    await run(store);
  } finally {
    rmSync(store, { recursive: true, force: true });
  }
}

const helloLayer = async (directory: string): Promise<void> => {
  writeFileSync(join(directory, "hello"), "hello\n");
  chmodSync(join(directory, "hello"), 0o6755);
  symlinkSync("hello", join(directory, "again"));
};

test("a layer is made once for a key, and equal content has an equal digest under any key", () =>
  withStore(async (store) => {
    let fills = 0;
    const make = (key: string) =>
      layerOf(store, {
        name: "hello",
        key,
        fill: (directory) => {
          fills++;
          return helloLayer(directory);
        },
      });
    const first = await make("a");
    assert.deepEqual(await make("a"), first);
    assert.equal(fills, 1);
    assert.deepEqual(await make("b"), first);
    assert.equal(fills, 2);
    const blob = readFileSync(join(store, "blobs/sha256", first.digest.slice(7)));
    assert.equal(`sha256:${sha256(blob)}`, first.digest);
    assert.equal(blob.length, first.size);
    const listing = execFileSync("tar", ["-tvf", join(store, "blobs/sha256", first.digest.slice(7))], {
      encoding: "utf8",
    });
    assert.match(listing, /^-rwsr-sr-x .* \.\/hello$/m);
    assert.match(listing, /\.\/again -> hello$/m);
    assert.deepEqual(readdirSync(join(store, "work")), []);
  }));

test("a layer whose making fails leaves nothing behind", () =>
  withStore(async (store) => {
    const fill = (): Promise<void> => Promise.reject(new Error("no package"));
    await assert.rejects(layerOf(store, { name: "broken", key: "a", fill }), /no package/);
    assert.deepEqual(readdirSync(join(store, "work")), []);
    assert.deepEqual(readdirSync(join(store, "layers")), []);
  }));

test("an archive holds a shared layer once, and each image by tag and by digest with an ID of its own", () =>
  withStore(async (store) => {
    const layer = await layerOf(store, { name: "hello", key: "a", fill: helloLayer });
    const references = ["example.test/one:1", "example.test/two:2"];
    const recipes = references.map((reference) => ({
      reference,
      layers: [layer],
      entrypoint: ["/hello"],
      user: "1234",
    }));
    const archive = await archiveOf(store, "images", recipes);
    assert.deepEqual(await archiveOf(store, "images", recipes), archive);
    const tar = (...args: string[]): string => execFileSync("tar", args, { encoding: "utf8" });
    const files = tar("-tf", archive.path).trim().split("\n");
    assert.equal(files.length, new Set(files).size);
    assert.equal(
      files.filter((name) => name.startsWith("blobs/")).length,
      5,
      "one layer, two configurations, two manifests",
    );
    const index = JSON.parse(tar("-xOf", archive.path, "index.json"));
    assert.deepEqual(
      index.manifests.map(
        (entry: { annotations: Record<string, string> }) => entry.annotations["io.containerd.image.name"],
      ),
      references.flatMap((reference) => [reference, digestReference(reference, archive.digests.get(reference) ?? "")]),
    );
    const configs = new Set<string>();
    for (const { digest } of index.manifests) {
      const manifest = JSON.parse(tar("-xOf", archive.path, `blobs/sha256/${digest.slice(7)}`));
      configs.add(manifest.config.digest);
      const config = JSON.parse(tar("-xOf", archive.path, `blobs/sha256/${manifest.config.digest.slice(7)}`));
      assert.deepEqual(config.rootfs.diff_ids, [layer.digest]);
      assert.equal(config.config.User, "1234");
      assert.deepEqual(config.config.Entrypoint, ["/hello"]);
    }
    assert.equal(configs.size, 2);
  }));

test("what an archive does not use is removed", () =>
  withStore(async (store) => {
    const layer = await layerOf(store, { name: "hello", key: "a", fill: helloLayer });
    const other = await layerOf(store, {
      name: "other",
      key: "a",
      fill: async (directory) => writeFileSync(join(directory, "other"), "other\n"),
    });
    await archiveOf(store, "images", [{ reference: "example.test/one:1", layers: [layer, other] }]);
    const archive = await archiveOf(store, "images", [{ reference: "example.test/one:1", layers: [layer] }]);
    removeOthers(store, "images", archive);
    assert.deepEqual(
      readdirSync(store).filter((name) => name.endsWith(".tar")),
      [archive.path.slice(store.length + 1)],
    );
    assert.deepEqual(readdirSync(join(store, "layers")), ["hello-a.json"]);
    assert.equal(readdirSync(join(store, "blobs/sha256")).length, 3);
  }));

test("no image is both made and left out, and every made name has one tag", () => {
  assert.equal(new Set(madeReferences).size, madeReferences.length);
  for (const reference of madeReferences) {
    assert.match(reference, /^[a-z0-9.]+(\/[a-z0-9.-]+)+:[a-z0-9.-]+$/);
    assert.ok(!Object.keys(leftOut).some((name) => reference.startsWith(name)), reference);
  }
});
