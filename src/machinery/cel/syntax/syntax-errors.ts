/** Says where and why a source leaves the grammar. */
import { tokenize } from "./lexer.ts";
import { codePointOffsets, type Issues } from "./source.ts";

export function reportSyntaxErrors(source: string, issues: Issues): void {
  const offset = codePointOffsets(source);
  const { errors } = tokenize(source);
  for (const error of errors)
    issues.add(
      offset(error.start),
      `Syntax error: token recognition error at: '${source.slice(error.start, error.end)}'`,
    );
}
