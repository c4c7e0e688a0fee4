// `t8s completion`: prints a completion script for a shell.
import process from "node:process";
import { FlagError } from "../cli/index.ts";

const flags = "--name --data-dir --help";

function scripts(commands: readonly string[]): Readonly<Record<string, string>> {
  const names = commands.join(" ");
  return {
    bash: `_t8s() {
  local word=\${COMP_WORDS[COMP_CWORD]}
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "${names}" -- "$word")); else COMPREPLY=($(compgen -W "${flags}" -- "$word")); fi
}
complete -F _t8s t8s
`,
    zsh: `#compdef t8s
_arguments '1:command:(${names})' '*:flag:(${flags})'
`,
    fish: `complete -c t8s -n __fish_use_subcommand -f -a "${names}"
complete -c t8s -l name -r -d "name of the cluster"
complete -c t8s -l data-dir -r -d "directory that holds the clusters' data"
`,
  };
}

/** `commands`: names of all that t8s can do. */
export async function complete(words: readonly string[], commands: readonly string[]): Promise<number> {
  const available = scripts(commands);
  const [shell, ...rest] = words;
  if (shell === undefined || rest.length > 0 || !Object.hasOwn(available, shell))
    throw new FlagError(`say which shell: ${Object.keys(available).join(", ")}`);
  process.stdout.write(available[shell]!);
  return 0;
}
