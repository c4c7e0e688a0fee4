// What a simulated container does, told by its command or by annotations of its sandbox.
//
// Commands: a shell line of `true`, `false`, `exit N`, `sleep N`, `echo TEXT` joined by `;` or `&&`; anything else runs until it is
// stopped. Annotations win over the command: `runtime.typernetes.dev/run-for` (`1500ms`, `3s`, `2m`),
// `…/exit-code`, `…/start-error`, `…/stop-after` (time between the stop signal and the end), `…/stop-exit-code` (143), each also with
// `.<container>` appended.

export interface Behaviour {
  /** Undefined: until stopped. */
  readonly runForMs: number | undefined;
  readonly exitCode: number;
  /** Exit code after the stop signal. */
  readonly stopExitCode: number;
  readonly stopAfterMs: number;
  readonly output: string;
  readonly startError: string | undefined;
}

const prefix = "runtime.typernetes.dev/";
const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function parseDurationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim());
  if (match === null)
    throw new Error(`duration ${JSON.stringify(text)} is not understood: write it like 1500ms, 3s or 2m`);
  return Number(match[1]) * units[match[2] ?? "s"]!;
}

export function behaviourOf(container: {
  readonly name: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
}): Behaviour {
  const told = (key: string): string | undefined =>
    container.annotations[`${prefix}${key}.${container.name}`] ?? container.annotations[prefix + key];
  const run = runScript([...container.command, ...container.args]);
  const runFor = told("run-for");
  const exitCode = told("exit-code");
  const stopAfter = told("stop-after");
  return {
    runForMs: runFor !== undefined ? parseDurationMs(runFor) : exitCode !== undefined ? 0 : run.runForMs,
    exitCode: exitCode !== undefined ? Number(exitCode) : run.exitCode,
    stopExitCode: Number(told("stop-exit-code") ?? 143),
    stopAfterMs: stopAfter === undefined ? 0 : parseDurationMs(stopAfter),
    output: run.output,
    startError: told("start-error"),
  };
}

/** Time, exit code and output of a command; runForMs is undefined for a command that is not understood. */
export function runScript(words: readonly string[]): {
  runForMs: number | undefined;
  exitCode: number;
  output: string;
} {
  const shell = /^(?:\/bin\/|\/usr\/bin\/)?(?:sh|bash|ash)$/.test(words[0] ?? "");
  const line = shell && words[1] === "-c" ? (words[2] ?? "") : words.join(" ");
  let runForMs = 0;
  let exitCode = 0;
  let output = "";
  if (line.trim() === "") return { runForMs: undefined, exitCode: 0, output };
  const parts = line.split(/(;|&&|\|\||\n)/);
  for (let index = 0; index < parts.length; index += 2) {
    const joint = parts[index - 1];
    if (joint === "&&" && exitCode !== 0) continue;
    if (joint === "||" && exitCode === 0) continue;
    const [word = "", ...rest] = parts[index]!.trim().split(/\s+/);
    if (word === "") continue;
    if (word === "true" || word === ":") exitCode = 0;
    else if (word === "false") exitCode = 1;
    else if (word === "exit") return { runForMs, exitCode: Number(rest[0] ?? exitCode), output };
    else if (word === "sleep" && /^\d+(\.\d+)?[smh]?$/.test(rest[0] ?? "")) {
      runForMs += parseDurationMs(rest[0]!);
      exitCode = 0;
    } else if (word === "echo") {
      output += `${rest.join(" ").replace(/^(["'])(.*)\1$/, "$2")}\n`;
      exitCode = 0;
    } else return { runForMs: undefined, exitCode: 0, output };
  }
  return { runForMs, exitCode, output };
}
