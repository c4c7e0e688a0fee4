import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { silentLogger, VirtualClock } from "../../base/index.ts";
import type { Image } from "../../runtime/index.ts";
import type { KubeletContext } from "../context.ts";
import { createImageCollector, imagesToRemove } from "./images.ts";

const image = (id: string, sizeBytes: number, over: Partial<Image> = {}): Image =>
  ({ id, repoTags: [], repoDigests: [], sizeBytes, pinned: false, ...over }) as Image;

test("no more is removed than is needed, nothing in use, pinned or young, the longest unused first", () => {
  const drawn = fc.record({
    size: fc.integer({ min: 1, max: 50 }),
    used: fc.boolean(),
    pinned: fc.boolean(),
    seen: fc.integer({ min: 0, max: 100 }),
    last: fc.integer({ min: 0, max: 100 }),
  });
  fc.assert(
    fc.property(fc.array(drawn, { maxLength: 8 }), fc.integer({ min: 0, max: 200 }), (all, bytesToFree) => {
      const images = all.map(({ size, pinned }, index) => image(`${index}`, size, { pinned }));
      const of = ({ id }: Image) => all[Number(id)]!;
      const chosen = imagesToRemove({
        images,
        records: new Map(all.map(({ seen, last }, index) => [`${index}`, { firstSeenMs: seen, lastUsedMs: last }])),
        inUse: new Set(images.filter((each) => of(each).used).map(({ id }) => id)),
        bytesToFree,
        minimumAgeMs: 50,
        nowMs: 100,
      });
      const eligible = images.filter((each) => !of(each).used && !each.pinned && of(each).seen <= 50);
      for (const each of chosen) assert.ok(eligible.includes(each));
      const freed = chosen.reduce((sum, each) => sum + each.sizeBytes, 0);
      assert.ok(freed >= bytesToFree || chosen.length === eligible.length, "enough, or all there is");
      assert.ok(chosen.length === 0 || freed - chosen.at(-1)!.sizeBytes < bytesToFree, "not one too many");
      const rest = eligible.filter((each) => !chosen.includes(each));
      for (const kept of rest) for (const gone of chosen) assert.ok(of(gone).last <= of(kept).last);
    }),
  );
});

function node(availableBytes: number, images: Image[], running: readonly string[]) {
  const clock = new VirtualClock();
  const removed: string[] = [];
  const events: string[] = [];
  const there = [...images];
  const context = {
    clock,
    nodeName: "n",
    config: {
      imageMinimumGcAgeSeconds: 120,
      imageGcHighThresholdPercent: 85,
      imageGcLowThresholdPercent: 80,
      materializePods: true,
      nodeName: "n",
    },
    host: { filesystem: async () => ({ capacityBytes: 1_000, availableBytes }) },
    runtime: {
      imageFsInfo: async () => ({ mountpoint: "/images" }),
      listImages: async () => there,
      listContainers: async () => running.map((imageRef) => ({ imageRef })),
      removeImage: async (id: string) => {
        removed.push(id);
        there.splice(
          there.findIndex((each) => each.id === id),
          1,
        );
      },
    },
    events: {
      event: (_: unknown, { reason, message }: { reason: string; message: string }) =>
        events.push(`${reason}: ${message}`),
    },
  } as unknown as KubeletContext;
  return { clock, removed, events, collector: createImageCollector(context) };
}

test("below the high threshold nothing is removed, above it down to the low one", async () => {
  const images = [image("a", 60), image("b", 60), image("c", 60, { repoDigests: ["c@sha256:1"] })];
  const calm = node(160, [...images], []);
  await calm.collector.collect();
  await calm.clock.advance(200_000);
  await calm.collector.collect();
  assert.deepEqual(calm.removed, []);

  const full = node(100, [...images], ["c@sha256:1"]);
  await full.collector.collect();
  assert.deepEqual(full.removed, [], "they have just been seen");
  assert.deepEqual(full.events, [
    "FreeDiskSpaceFailed: Failed to garbage collect required amount of images. Attempted to free 100 bytes, but only found 0 bytes eligible to free.",
  ]);
  await full.clock.advance(200_000);
  await full.collector.collect();
  assert.deepEqual(full.removed, ["a", "b"]);
  assert.equal(full.events.length, 1);
});

test("short of disk, all that nobody uses goes", async () => {
  const { clock, collector, removed } = node(
    900,
    [image("a", 1), image("b", 1), image("c", 1, { pinned: true })],
    ["a"],
  );
  await collector.collectAll();
  await clock.advance(200_000);
  await collector.collectAll();
  assert.deepEqual(removed, ["b"]);
});

test("an image that cannot be removed keeps no other, and does not count as freed", async () => {
  const removed: string[] = [];
  const told: string[] = [];
  const context = {
    clock: new VirtualClock(),
    log: { ...silentLogger, warn: (_: string, more: { image: string }) => void told.push(more.image) },
    config: { imageMinimumGcAgeSeconds: 0 },
    runtime: {
      listImages: async () => [image("busy", 1), image("free", 1)],
      listContainers: async () => [],
      async removeImage(id: string) {
        if (id === "busy") throw new Error("in use");
        removed.push(id);
      },
    },
  } as unknown as KubeletContext;
  await createImageCollector(context).collectAll();
  assert.deepEqual([removed, told], [["free"], ["busy"]]);
});
