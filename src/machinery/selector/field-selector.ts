// Field selectors: `metadata.name=a,spec.nodeName!=b`, with `\` before `\`, `,` and `=` in values. Upstream:
// k8s.io/apimachinery/pkg/fields.
import { badRequest } from "../errors.ts";

export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

export interface FieldMatcher {
  readonly requirements: readonly FieldRequirement[];
  readonly everything: boolean;
  matches(fields: Readonly<Record<string, string>>): boolean;
  toString(): string;
}

/** Throws StatusError 400 with upstream's text. */
export function parseFieldSelector(text: string): FieldMatcher {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text).sort()) {
    if (term === "") continue;
    const match = /!=|==|=/.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const field = term.slice(0, match.index);
    const value = unescapeValue(term.slice(match.index + match[0].length));
    if (field === "" && value === "") continue;
    requirements.push({ field, operator: match[0] === "!=" ? "!=" : "=", value });
  }
  return fieldMatcher(requirements);
}

/** A field that is not there reads as the empty text. */
export function fieldMatcher(requirements: readonly FieldRequirement[]): FieldMatcher {
  return {
    requirements,
    everything: requirements.length === 0,
    matches: (fields) => {
      for (const { field, operator, value } of requirements)
        if (((fields[field] ?? "") === value) !== (operator === "=")) return false;
      return true;
    },
    toString: () => requirements.map((each) => `${each.field}${each.operator}${escapeValue(each.value)}`).join(","),
  };
}

export const escapeValue = (value: string): string => value.replace(/[\\,=]/g, "\\$&");

/** Splits at commas that no backslash precedes; escapes stay. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === "\\") index++;
    else if (text[index] === ",") {
      terms.push(text.slice(start, index));
      start = index + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function unescapeValue(text: string): string {
  if (!/[\\,=]/.test(text)) return text;
  let value = "";
  const characters = [...text];
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index]!;
    if (character === "\\") {
      const escaped = characters[++index] ?? "";
      if (escaped !== "\\" && escaped !== "," && escaped !== "=")
        throw badRequest(`invalid field selector: invalid escape sequence: \\${escaped}`);
      value += escaped;
    } else if (character === "," || character === "=") {
      throw badRequest(`invalid field selector: unescaped character in value: ${character.codePointAt(0)}`);
    } else value += character;
  }
  return value;
}
