// The machine the kubelet runs on: files, mounts, cgroups v1 and v2, probes over the network. Linux.

import { createReadStream, createWriteStream } from "node:fs";
import { readFile, rm, statfs } from "node:fs/promises";
import { hostname } from "node:os";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Clock, Logger } from "../../base/index.ts";
import type { Host } from "../host.ts";
import { createCgroups } from "./cgroups.ts";
import { files } from "./files.ts";
import { createMachineReader, memoryInfo } from "./machine.ts";
import { mounts } from "./mounts.ts";
import { probes } from "./probes.ts";

export interface NodeHostOptions {
  readonly clock?: Clock;
  readonly log?: Logger;
  /** What kubernetes.io/hostname says; the machine's own name when not given. */
  readonly hostname?: string;
  /** Where the cgroup file systems are mounted. */
  readonly cgroupRoot?: string;
}

export function createNodeHost(options: NodeHostOptions = {}): Host {
  const cgroups = createCgroups(options.cgroupRoot ?? "/sys/fs/cgroup");
  return {
    files,
    mounts,
    cgroups,
    probes,
    machine: createMachineReader(options.hostname ?? hostname().toLowerCase()),
    async filesystem(path) {
      const stat = await statfs(path);
      return {
        availableBytes: stat.bavail * stat.bsize,
        capacityBytes: stat.blocks * stat.bsize,
        usedBytes: (stat.blocks - stat.bfree) * stat.bsize,
        inodes: stat.files,
        inodesFree: stat.ffree,
      };
    },
    async memory() {
      const info = memoryInfo(await readFile("/proc/meminfo", "utf8"));
      const [total = 0, available = 0, free = 0] = [
        info.get("MemTotal"),
        info.get("MemAvailable"),
        info.get("MemFree"),
      ];
      return {
        usageBytes: total - free,
        workingSetBytes: total - available,
        rssBytes: info.get("AnonPages") ?? 0,
        availableBytes: available,
      };
    },
    async processes() {
      const load = await readFile("/proc/loadavg", "utf8");
      const max = await readFile("/proc/sys/kernel/pid_max", "utf8");
      return { running: Number(/ \d+\/(\d+) /.exec(load)?.[1] ?? 0), max: Number(max) };
    },
    async compress(path) {
      await pipeline(createReadStream(path), createGzip(), createWriteStream(`${path}.gz.tmp`, { mode: 0o640 }));
      await files.rename(`${path}.gz.tmp`, `${path}.gz`);
      await rm(path);
    },
  };
}
