// Images nobody uses, when their disk fills. Upstream: pkg/kubelet/images/image_gc_manager.go.
import type { Image } from "../../runtime/index.ts";
import type { KubeletContext } from "../context.ts";
import { nodeReference } from "../nodestatus/manager.ts";

export interface ImageRecord {
  readonly firstSeenMs: number;
  readonly lastUsedMs: number;
}

export interface ImageGcInput {
  readonly images: readonly Image[];
  readonly records: ReadonlyMap<string, ImageRecord>;
  readonly inUse: ReadonlySet<string>;
  readonly bytesToFree: number;
  readonly minimumAgeMs: number;
  readonly nowMs: number;
}

/** Least recently used first, until enough is freed. */
export function imagesToRemove(input: ImageGcInput): Image[] {
  const { records, nowMs } = input;
  const candidates = input.images
    .filter(
      (each) =>
        !input.inUse.has(each.id) &&
        !each.pinned &&
        nowMs - (records.get(each.id)?.firstSeenMs ?? nowMs) >= input.minimumAgeMs,
    )
    .sort(
      (a, b) =>
        (records.get(a.id)?.lastUsedMs ?? 0) - (records.get(b.id)?.lastUsedMs ?? 0) ||
        (records.get(a.id)?.firstSeenMs ?? 0) - (records.get(b.id)?.firstSeenMs ?? 0),
    );
  const chosen: Image[] = [];
  let freed = 0;
  for (const each of candidates) {
    if (freed >= input.bytesToFree) break;
    chosen.push(each);
    freed += each.sizeBytes;
  }
  return chosen;
}

export interface ImageCollector {
  /** Frees what is above the low threshold once the high one is reached. */
  collect(): Promise<void>;
  /** All unused images, when the node is short of disk. */
  collectAll(): Promise<void>;
}

export function createImageCollector(context: KubeletContext): ImageCollector {
  const records = new Map<string, ImageRecord>();
  const { runtime, clock, config, host } = context;

  const free = async (bytesToFree: number): Promise<number> => {
    const nowMs = clock.now();
    const [images, containers] = await Promise.all([runtime.listImages(), runtime.listContainers()]);
    const inUse = new Set(containers.map((each) => each.imageRef));
    for (const { id, repoDigests } of images) {
      const used = inUse.has(id) || repoDigests.some((digest) => inUse.has(digest));
      if (used) inUse.add(id);
      const before = records.get(id);
      records.set(id, {
        firstSeenMs: before?.firstSeenMs ?? nowMs,
        lastUsedMs: used ? nowMs : (before?.lastUsedMs ?? 0),
      });
    }
    for (const id of records.keys()) if (!images.some((each) => each.id === id)) records.delete(id);
    const chosen = imagesToRemove({
      images,
      records,
      inUse,
      bytesToFree,
      nowMs,
      minimumAgeMs: config.imageMinimumGcAgeSeconds * 1000,
    });
    let freed = 0;
    for (const each of chosen) {
      try {
        await runtime.removeImage(each.id);
        freed += each.sizeBytes;
      } catch (error) {
        context.log.warn("an unused image is not removed", { image: each.id, error });
      }
    }
    return freed;
  };

  return {
    async collect() {
      const { mountpoint } = await runtime.imageFsInfo();
      const { capacityBytes, availableBytes } = await host.filesystem(
        config.materializePods ? mountpoint : config.rootDirectory,
      );
      const usedPercent = capacityBytes === 0 ? 0 : 100 - Math.floor((availableBytes * 100) / capacityBytes);
      const wanted =
        usedPercent >= config.imageGcHighThresholdPercent
          ? Math.ceil((capacityBytes * (100 - config.imageGcLowThresholdPercent)) / 100) - availableBytes
          : 0;
      const freed = await free(Math.max(0, wanted));
      if (freed >= wanted) return;
      const message = `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`;
      context.events.event(nodeReference(context), { type: "Warning", reason: "FreeDiskSpaceFailed", message });
    },
    collectAll: async () => void (await free(Number.MAX_SAFE_INTEGER)),
  };
}
