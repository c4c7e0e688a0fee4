// The command line `t8s`.

import process from "node:process";
import { errorText } from "../base/index.ts";
import { FlagError } from "../cli/index.ts";
import { setFreezing } from "../machinery/index.ts";
import { type Command, commands } from "./commands.ts";

function usage(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const section = (title: string, group: Command["group"]): string =>
    `${title}\n${Object.entries(commands)
      .filter(([, command]) => command.group === group)
      .map(([name, command]) => `  ${name.padEnd(width)}   ${command.summary}\n`)
      .join("")}`;
  return `t8s: Kubernetes 1.36 in one process

${section("Clusters", "cluster")}
${section("Components, each a process of its own", "component")}
${section("Other", "other")}
t8s COMMAND --help shows the flags of a command.
`;
}

/** Exit status: 0 done, 1 failed, 2 the command line was not understood; upstream's components end with 1 then, and so do ours. */
export async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(usage());
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`t8s: unknown command ${JSON.stringify(name)}; t8s --help lists the commands\n`);
    return 2;
  }
  setFreezing(false);
  try {
    const { run } = await command.load();
    return await run(rest);
  } catch (error) {
    if (error instanceof FlagError) {
      process.stderr.write(`t8s ${name}: ${error.message}; t8s ${name} --help lists the flags\n`);
      return command.group === "component" ? 1 : 2;
    }
    process.stderr.write(`t8s ${name}: ${errorText(error)}\n`);
    if (process.env["T8S_DEBUG"] !== undefined && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return 1;
  }
}

// Ends at once: whatever a command's libraries still hold open (sockets of a dead peer, a worker) must not keep it alive.
void main(process.argv.slice(2)).then((status) => process.exit(status));
