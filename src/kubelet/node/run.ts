// One command of the machine, run to its end.
import { execFile } from "node:child_process";

export interface CommandResult {
  /** Undefined when the command could not be run, or was ended by a signal. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly error: Error | null;
}

/** Never rejects. */
export function outcome(command: string, args: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(command, [...args], { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === "number" ? error.code : undefined;
      resolve({ status, stdout, stderr, error });
    });
  });
}

/** Standard output. Rejects with what the command wrote to standard error. */
export async function run(command: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr, error } = await outcome(command, args);
  if (error === null) return stdout;
  throw new Error(`${command} ${args.join(" ")} failed: ${stderr.trim() || error.message}`);
}

/** mount(8). Rejects with upstream's text (k8s.io/mount-utils), which users search for. */
export async function mount(args: readonly string[]): Promise<void> {
  const { status, stdout, stderr, error } = await outcome("mount", args);
  if (error === null) return;
  const why = status === undefined ? error.message : `exit status ${status}`;
  throw new Error(
    `mount failed: ${why}\nMounting command: mount\nMounting arguments: ${args.join(" ")}\nOutput: ${stdout}${stderr}\n`,
  );
}
