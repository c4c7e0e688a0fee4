import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";

/** Applies one nftables transaction: all of it or nothing. Rejects with nft's own words. */
export async function runNft(transaction: string): Promise<void> {
  const child = spawn("nft", ["-f", "-"], { stdio: ["pipe", "ignore", "pipe"], env: withSystemPath() });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  // nft may end before it read everything; its exit status tells.
  child.stdin.on("error", () => {});
  child.stdin.end(transaction);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`nft refused the rules: ${errors.trim().split("\n").slice(0, 4).join("; ")}`);
}

/** Programs of the system administrator may not be on a user's PATH. */
export const withSystemPath = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
});
