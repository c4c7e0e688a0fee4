// Variables out of a file in a volume (KEP-3721: EnvFiles): `NAME='value'` lines, `#` comments.
import type { HostFiles } from "../host.ts";

export interface FileKey {
  readonly path: string;
  readonly key: string;
  readonly optional: boolean;
}

export async function fileValue(
  files: HostFiles,
  volumePath: string | undefined,
  { path, key, optional }: FileKey,
): Promise<string | undefined> {
  if (volumePath === undefined)
    throw new Error(`cannot find the volume of the environment file ${JSON.stringify(path)}`);
  const whole = `${volumePath}/${path}`;
  if ((await files.stat(whole)) === undefined) {
    if (optional) return undefined;
    throw new Error(
      `environment variable key ${JSON.stringify(key)} not found in file ${JSON.stringify(path)}: the file does not exist`,
    );
  }
  const value = parseEnvFile(new TextDecoder().decode(await files.read(whole))).get(key);
  if (value === undefined && !optional)
    throw new Error(`environment variable key ${JSON.stringify(key)} not found in file ${JSON.stringify(path)}`);
  return value;
}

/** Throws for a line that is neither blank, comment nor `NAME='value'`. */
export function parseEnvFile(text: string): Map<string, string> {
  const found = new Map<string, string>();
  // A value in single quotes may run over lines.
  const pattern = /[ \t]*(?:#[^\n]*|([A-Za-z_.-][\w.-]*)='([^']*)'[ \t]*(?:#[^\n]*)?|)(?:\r?\n|$)/y;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw new Error(`line ${text.slice(0, at).split("\n").length} is not of the form NAME='value'`);
    if (match[1] !== undefined) found.set(match[1], match[2]!);
  }
  return found;
}
