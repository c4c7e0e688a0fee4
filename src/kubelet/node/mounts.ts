// Mounting and unmounting by the machine's own commands; what is mounted stands in /proc.
import { readFile } from "node:fs/promises";
import type { HostMounts } from "../host.ts";
import { run } from "./run.ts";

/** Octal escapes of /proc/self/mountinfo. */
const unescaped = (text: string): string =>
  text.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

async function mountPoints(): Promise<string[]> {
  const text = await readFile("/proc/self/mountinfo", "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => unescaped(line.split(" ")[4]!));
}

export const mounts: HostMounts = {
  async tmpfs(path, { sizeBytes }) {
    await run("mount", ["-t", "tmpfs", ...(sizeBytes === undefined ? [] : ["-o", `size=${sizeBytes}`]), "tmpfs", path]);
  },
  async bind(source, target, { readonly }) {
    await run("mount", ["--bind", source, target]);
    if (readonly) await run("mount", ["-o", "remount,bind,ro", source, target]);
  },
  async unmount(path) {
    const times = (await mountPoints()).filter((each) => each === path).length;
    for (let time = 0; time < times; time++) await run("umount", [path]);
  },
  async below(path) {
    const found = (await mountPoints()).filter((each) => each === path || each.startsWith(`${path}/`));
    return [...new Set(found)].sort((a, b) => b.length - a.length);
  },
};
