/**
 * Property names as CEL identifiers: `__`, `.`, `-`, `/` and the language's reserved words have escaped forms; names with
 * other characters cannot be reached. Source: k8s.io/apiserver/pkg/cel/escaping.go.
 */

const reservedWords: ReadonlySet<string> = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

const escapes: Readonly<Record<string, string>> = {
  __: "__underscores__",
  ".": "__dot__",
  "-": "__dash__",
  "/": "__slash__",
};
const unescapes: Readonly<Record<string, string>> = { underscores: "__", dot: ".", dash: "-", slash: "/" };

export const isReservedWord = (word: string): boolean => reservedWords.has(word);

/** The identifier by which an expression reaches the property; undefined when it cannot. */
export function escapeName(name: string): string | undefined {
  if (reservedWords.has(name)) return `__${name}__`;
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined;
  return name.replace(/__|[-./]/g, (part) => escapes[part] ?? part);
}

/** The property that an identifier means; undefined when it holds an escape that does not exist. */
export function unescapeName(identifier: string): string | undefined {
  if (!identifier.includes("__")) return identifier;
  let valid = true;
  const name = identifier.replace(/__([^_]+)__/g, (part, content: string) => {
    const plain = unescapes[content];
    if (plain !== undefined) return plain;
    if (!reservedWords.has(content) || part.length !== identifier.length) valid = false;
    return content;
  });
  return valid ? name : undefined;
}
