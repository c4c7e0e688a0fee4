// hostPath volumes: what the type promises is checked, and made where it says so. Upstream: pkg/volume/hostpath.
import type { HostPathVolumeSource } from "../../api/index.ts";
import type { Host } from "../host.ts";

export async function checkHostPath(host: Host, source: HostPathVolumeSource): Promise<void> {
  const { path, type } = source;
  if (path.split("/").includes("..")) throw new Error(`invalid HostPath \`${path}\`: must not contain '..'`);
  if (!type) return;
  const stat = await host.files.stat(path);
  const fail = (what: string): never => {
    throw new Error(`hostPath type check failed: ${path} is not a ${what}`);
  };
  switch (type) {
    case "DirectoryOrCreate":
      if (stat === undefined) return host.files.makeDirectory(path, 0o755);
      if (stat.type !== "directory") fail("directory");
      return;
    case "Directory":
      if (stat?.type !== "directory") fail("directory");
      return;
    case "FileOrCreate":
      if (stat === undefined) return host.files.write(path, new Uint8Array(), 0o644);
      if (stat.type !== "file") fail("file");
      return;
    case "File":
      if (stat?.type !== "file") fail("file");
      return;
    case "Socket":
      if (stat?.type !== "socket") fail("socket file");
      return;
    case "CharDevice":
      if (stat?.type !== "character") fail("character device");
      return;
    case "BlockDevice":
      if (stat?.type !== "block") fail("block device");
      return;
    default:
      throw new Error(`${String(type)} is an invalid volume type`);
  }
}
