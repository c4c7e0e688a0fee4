// Block devices: what is on them is found out, an empty one is formatted, a damaged one is repaired where that is safe, then it is
// mounted. Upstream: k8s.io/mount-utils SafeFormatAndMount; its texts.
import type { HostMounts } from "../host.ts";
import { mount, outcome } from "./run.ts";

/** Exit codes of fsck(8). */
const corrected = 1;
const uncorrected = 4;
/** Exit code of blkid(8): nothing was found on the device. */
const nothingFound = 2;

export const mountDevice: HostMounts["device"] = async (source, target, { fsType, readonly, options }) => {
  const wanted = fsType === "" ? "ext4" : fsType;
  const words = [...(readonly ? ["ro"] : []), ...options, "defaults"];
  const found = await formatOf(source);
  if (found === "") {
    if (readonly)
      throw new Error(`cannot mount unformatted disk ${source} as we are manipulating it in read-only mode`);
    await format(source, wanted, { target, words });
  } else if (!readonly) await repair(source);
  await mount(["-t", wanted, "-o", words.join(), source, target]);
};

/** The file system on the device; empty when there is none. */
async function formatOf(device: string): Promise<string> {
  const args = ["-p", "-s", "TYPE", "-s", "PTTYPE", "-o", "export", device];
  const { status, stdout, stderr, error } = await outcome("blkid", args);
  if (status === nothingFound) return "";
  if (error !== null) throw new Error(`failed to get disk format of disk ${device}: ${stderr.trim() || error.message}`);
  const facts = new Map(stdout.split("\n").map((line) => line.split("=") as [string, string]));
  // A device with partitions is never formatted.
  return facts.has("PTTYPE") ? "unknown data, probably partitions" : (facts.get("TYPE") ?? "");
}

const formatFlags: Readonly<Record<string, readonly string[]>> = {
  ext4: ["-F", "-m0"],
  ext3: ["-F", "-m0"],
  xfs: ["-f"],
};

async function format(
  device: string,
  type: string,
  { target, words }: { readonly target: string; readonly words: readonly string[] },
): Promise<void> {
  const { stdout, stderr, error } = await outcome(`mkfs.${type}`, [...(formatFlags[type] ?? []), device]);
  if (error === null) return;
  const options = `["${words.join('" "')}"]`;
  throw new Error(
    `format of disk ${JSON.stringify(device)} failed: type:(${JSON.stringify(type)}) target:(${JSON.stringify(target)}) options:(${options}) errcode:(${error.message.split("\n")[0]}) output:(${stdout}${stderr}) `,
  );
}

/** A machine without fsck, and one whose fsck does not know the file system, goes on. */
async function repair(device: string): Promise<void> {
  const { status, stdout, stderr } = await outcome("fsck", ["-a", device]);
  if (status === uncorrected || status === (uncorrected | corrected))
    throw new Error(`'fsck' found errors on device ${device} but could not correct them: ${stdout}${stderr}`);
}
