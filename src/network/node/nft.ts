import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";

/** Applies one nftables transaction: all of it or nothing. Rejects with nft's own words. */
export async function runNft(transaction: string, namespacePath?: string): Promise<void> {
  const { code, errors } = await runWithInput(["nft", "-f", "-"], { input: transaction, namespacePath });
  if (code !== 0) throw new Error(`nft refused the rules: ${errors.trim().split("\n").slice(0, 4).join("; ")}`);
}

export interface RunInput {
  readonly input: string;
  /** Path of the network namespace to run in; this process's own when not given. */
  readonly namespacePath?: string | undefined;
}

/** Runs a program with a text as its standard input. `code` is null when a signal ended it. */
export async function runWithInput(
  words: readonly string[],
  { input, namespacePath }: RunInput,
): Promise<{ readonly code: number | null; readonly errors: string; readonly output: string }> {
  const [command = "", ...args] = namespacePath === undefined ? words : ["nsenter", `--net=${namespacePath}`, ...words];
  const child = spawn(command, args, { stdio: "pipe", env: withSystemPath() });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  // It may end before it read everything; its exit status tells.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, errors, output };
}

/** Programs of the system administrator may not be on a user's PATH. */
export const withSystemPath = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
});
