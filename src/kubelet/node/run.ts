// One command of the machine, run to its end.
import { execFile } from "node:child_process";

/** Standard output. Rejects with what the command wrote to standard error. */
export function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, [...args], { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args.join(" ")} failed: ${stderr.trim() || error.message}`));
    });
  });
}
