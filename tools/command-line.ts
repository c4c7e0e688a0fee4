// The command line of a suite that npm runs: its flags by Node's parser, `--help`, and one sentence for what it does not know.
import process from "node:process";
import { type ParseArgsConfig, parseArgs } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ options: O & { help: { type: "boolean"; short: "h" } }; allowPositionals: boolean }>
>;

/**
 * The flags and words given to this command. `--help` prints `usage` and ends the process with status 0; an unknown flag, a flag without
 * its value, or a word where `words` is not set ends it with status 2 and says which.
 */
export function commandLine<const O extends Options>(
  options: O,
  { usage, words = false }: { usage: string; words?: boolean },
): Parsed<O> {
  try {
    const parsed = parseArgs({
      options: { ...options, help: { type: "boolean", short: "h" } } as const,
      allowPositionals: words,
    });
    if ((parsed.values as { help?: boolean }).help !== true) return parsed as Parsed<O>;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    if (!code.startsWith("ERR_PARSE_ARGS_")) throw error;
    console.error(`${(error as Error).message.split(". ")[0]}\n\n${usage}`);
    process.exit(2);
  }
}

/** The whole number that a flag was given, or the end of the command with status 2 and a sentence that names the flag. */
export function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  console.error(`--${flag} takes a whole number, not "${text}"`);
  process.exit(2);
}
