// `$(NAME)` in commands, arguments, values and subPathExpr. Upstream: third_party/forked/golang/expansion.

/** Unknown names stay as written; `$$` is a dollar. */
export function expand(text: string, value: (name: string) => string | undefined): string {
  let out = "";
  let copied = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "$" || at + 1 >= text.length) continue;
    out += text.slice(copied, at);
    const next = text[at + 1]!;
    const end = next === "(" ? text.indexOf(")", at + 2) : -1;
    if (next === "$") {
      out += "$";
      at += 1;
    } else if (next === "(" && end >= 0) {
      const name = text.slice(at + 2, end);
      out += value(name) ?? `$(${name})`;
      at = end;
    } else if (next === "(") {
      out += "$(";
      at += 1;
    } else {
      out += `$${next}`;
      at += 1;
    }
    copied = at + 1;
  }
  return out + text.slice(copied);
}

/** Like `expand`, but a name without value is an error. Upstream: kubecontainer.ExpandContainerVolumeMounts. */
export function expandStrict(text: string, value: (name: string) => string | undefined): string {
  const absent: string[] = [];
  const out = expand(text, (name) => {
    const found = value(name);
    if (found === undefined) absent.push(name);
    return found;
  });
  if (absent.length > 0) throw new Error(`missing value for ${JSON.stringify(absent[0])}`);
  return out;
}
