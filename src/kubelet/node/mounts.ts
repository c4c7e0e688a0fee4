// Mounting and unmounting by the machine's own commands; what is mounted stands in /proc.
import { readFile, realpath } from "node:fs/promises";
import type { HostMounts } from "../host.ts";
import { mountDevice } from "./block-device.ts";
import { type MountEntry, parseMountInfo, sameSource } from "./mount-info.ts";
import { mount, run } from "./run.ts";

const entries = async (): Promise<MountEntry[]> => parseMountInfo(await readFile("/proc/self/mountinfo", "utf8"));

export const mounts: HostMounts = {
  async tmpfs(path, { sizeBytes }) {
    await mount(["-t", "tmpfs", ...(sizeBytes === undefined ? [] : ["-o", `size=${sizeBytes}`]), "tmpfs", path]);
  },
  async bind(source, target, { readonly, options = [] }) {
    await mount(["--bind", source, target]);
    const words = [...(readonly ? ["ro"] : []), ...options];
    if (words.length === 0) return;
    try {
      await mount(["-o", ["remount", "bind", ...words].join(), source, target]);
    } catch (error) {
      await run("umount", [target]);
      throw error;
    }
  },
  device: mountDevice,
  network: (source, target, { type, options }) =>
    mount(["-t", type, ...(options.length === 0 ? [] : ["-o", options.join()]), source, target]),
  async references(path) {
    const real = await realpath(path);
    return sameSource(await entries(), real);
  },
  async unmount(path) {
    const times = (await entries()).filter((each) => each.path === path).length;
    for (let time = 0; time < times; time++) await run("umount", [path]);
  },
  async below(path) {
    const found = (await entries())
      .map((each) => each.path)
      .filter((each) => each === path || each.startsWith(`${path}/`));
    return [...new Set(found)].sort((a, b) => b.length - a.length);
  },
};
