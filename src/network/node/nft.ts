// Runs the command nft: each transaction applies as a whole or not at all.
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";

/**
 * nft 1.0.9 (Ubuntu 24.04) takes its standard input from a pipe or a file and refuses the pair of sockets that Node makes for a child.
 * The second way costs two processes more, so it is gone where the first one has been refused.
 */
const ways = {
  direct: ["nft", "-f", "-"],
  piped: ["sh", "-c", "cat | nft -f -"],
} as const;
const socketRefused = 'Not a regular file: "/dev/stdin"';
let way: keyof typeof ways = "direct";

/** Applies one nftables transaction: all of it or nothing. Rejects with nft's own words. */
export async function runNft(transaction: string, namespacePath?: string): Promise<void> {
  const apply = (): ReturnType<typeof runWithInput> => runWithInput(ways[way], { input: transaction, namespacePath });
  let { code, errors } = await apply();
  if (code !== 0 && errors.includes(socketRefused)) {
    way = "piped";
    ({ code, errors } = await apply());
  }
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
