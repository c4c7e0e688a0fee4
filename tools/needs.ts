// What a suite needs of the machine, told before it starts anything: one sentence each that says what is missing and what to do.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { containerSupport, installPackages } from "../src/cluster/index.ts";

/** Throws when real containers cannot be had here: `t8s up` would simulate its nodes. Packages that `t8s up` would bring are brought. */
export function needContainers(command: string, say: (line: string) => void): void {
  const support = containerSupport();
  if (!support.possible) throw new Error(`${command} needs real containers: ${support.why}`);
  if (support.missing.length === 0) return;
  say(`installing ${support.missing.join(", ")}`);
  installPackages(support.missing);
}

/** Program → the Debian package that has it. Throws when one is not on PATH. */
export function needPrograms(command: string, programs: Readonly<Record<string, string>>): void {
  const directories = (process.env["PATH"] ?? "").split(delimiter);
  const isThere = (name: string): boolean => directories.some((directory) => existsSync(join(directory, name)));
  const missing = Object.keys(programs).filter((name) => !isThere(name));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((name) => programs[name]))].join(" ");
  throw new Error(
    `${command} needs ${missing.join(", ")}, not found on PATH (${directories.join(delimiter)}): apt-get install ${packages}`,
  );
}

/** One of the words that there are, or an error that names them. `what` as in `mix`. */
export function needKnown(what: string, words: readonly string[], known: readonly string[]): void {
  for (const word of words)
    if (!known.includes(word)) throw new Error(`no ${what} ${word}; there are ${known.join(", ")}`);
}
