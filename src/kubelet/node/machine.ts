// What the machine says of itself: kernel, operating system, ids, processors and memory, for the node's status.
import { readdir, readFile } from "node:fs/promises";
import { arch, cpus, networkInterfaces, release } from "node:os";
import type { MachineInfo } from "../host.ts";

const goArchitectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", arm: "arm" };

async function firstOf(paths: readonly string[], fallback: string): Promise<string> {
  for (const path of paths) {
    const text = await readFile(path, "utf8").then(
      (content) => content.trim(),
      () => "",
    );
    if (text !== "") return text;
  }
  return fallback;
}

/** What a kubelet takes for given until it is started again, as upstream's does. */
type Hardware = Pick<
  MachineInfo,
  "machineId" | "systemUuid" | "bootId" | "cpus" | "memoryBytes" | "swapBytes" | "hugePages"
>;

async function readHardware(): Promise<Hardware> {
  const memory = memoryInfo(await readFile("/proc/meminfo", "utf8"));
  const machineId = await firstOf(["/etc/machine-id", "/var/lib/dbus/machine-id"], "");
  const uuidFiles = ["/sys/class/dmi/id/product_uuid", "/proc/device-tree/system-id", "/proc/device-tree/vm,uuid"];
  return {
    machineId,
    systemUuid: (await firstOf(uuidFiles, machineId)).toLowerCase(),
    bootId: await firstOf(["/proc/sys/kernel/random/boot_id"], ""),
    cpus: cpus().length,
    memoryBytes: memory.get("MemTotal") ?? 0,
    swapBytes: memory.get("SwapTotal") ?? 0,
    hugePages: await hugePages(),
  };
}

/** Reads the machine on each call, but its hardware only once: a kubelet at rest asks twice every ten seconds. */
export function createMachineReader(hostname: string): () => Promise<MachineInfo> {
  let hardware: Hardware | undefined;
  return async () => {
    hardware ??= await readHardware();
    const osRelease = await firstOf(["/etc/os-release", "/usr/lib/os-release"], "");
    return {
      ...hardware,
      hostname,
      kernelVersion: release(),
      osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? "Unknown",
      operatingSystem: "linux",
      architecture: goArchitectures[arch()] ?? arch(),
      addresses: await addresses(),
    };
  };
}

/** The address of the interface of the default route first; one of each family. */
async function addresses(): Promise<string[]> {
  const routes = (await firstOf(["/proc/net/route"], "")).split("\n").map((line) => line.split("\t"));
  const preferred = routes.find((each) => each[1] === "00000000")?.[0];
  const all = Object.entries(networkInterfaces())
    .sort(([a], [b]) => Number(b === preferred) - Number(a === preferred))
    .flatMap(([, list]) => list ?? [])
    .filter((each) => !each.internal && !each.address.startsWith("fe80:"));
  const found = all[0] ?? networkInterfaces()["lo"]?.[0];
  return found === undefined ? [] : [found.address];
}

/** By label of the size; none where the kernel has no huge pages. */
async function hugePages(): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const name of await readdir("/sys/kernel/mm/hugepages").catch(() => [] as string[])) {
    const kibi = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0);
    const count = Number(await firstOf([`/sys/kernel/mm/hugepages/${name}/nr_hugepages`], "0"));
    const label = kibi >= 1024 * 1024 ? `${kibi / 1024 / 1024}Gi` : kibi >= 1024 ? `${kibi / 1024}Mi` : `${kibi}Ki`;
    found[label] = count * kibi * 1024;
  }
  return found;
}

/** Bytes by name. */
export function memoryInfo(text: string): Map<string, number> {
  return new Map(
    [...text.matchAll(/^(\w+(?:\(\w+\))?):\s+(\d+) kB$/gm)].map((match) => [match[1]!, Number(match[2]) * 1024]),
  );
}
