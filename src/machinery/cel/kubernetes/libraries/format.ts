/**
 * Named string formats: `format.dns1123Label().validate(s)`, `format.named("uuid")`.
 * Source: k8s.io/apiserver/pkg/cel/library/format.go.
 */
import {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  labelValue,
  nameOrPrefix,
  qualifiedName,
} from "../../../names.ts";
import type { FunctionDecl, Library } from "../../contract.ts";
import { listOf, optionalOf, STRING, structType } from "../../types.ts";
import { ArrayList, CelOptional, NONE, type Result } from "../../values.ts";
import { dateTimePattern, isBase64, isDateTime, isUuid, parseDate, uuidPattern } from "../text/string-formats.ts";
import { functions, LibraryValue, method, overload } from "./lib.ts";
import { uriProblem } from "./urls.ts";

export const FORMAT_TYPE = structType("kubernetes.NamedFormat");

export interface NamedFormat {
  readonly name: string;
  /** Why a text does not fit; empty when it does. */
  readonly validate: (text: string) => readonly string[];
  /** Length of the expression that checks it, or of one as expensive; decides the cost. */
  readonly regexSize: number;
}

export class FormatValue extends LibraryValue<NamedFormat> {
  readonly type = FORMAT_TYPE;

  protected same(other: NamedFormat): boolean {
    return this.content.name === other.name;
  }
}

const prefixOf = (check: (text: string) => string[]) => (text: string) => nameOrPrefix(check)(text, true);
const when = (valid: boolean, problem: string): readonly string[] => (valid ? [] : [problem]);

const formats: Readonly<Record<string, NamedFormat>> = {
  dns1123Label: { name: "DNS1123Label", validate: dns1123Label, regexSize: 30 },
  dns1123Subdomain: { name: "DNS1123Subdomain", validate: dns1123Subdomain, regexSize: 60 },
  dns1035Label: { name: "DNS1035Label", validate: dns1035Label, regexSize: 30 },
  qualifiedName: { name: "QualifiedName", validate: qualifiedName, regexSize: 60 },
  dns1123LabelPrefix: { name: "DNS1123LabelPrefix", validate: prefixOf(dns1123Label), regexSize: 30 },
  dns1123SubdomainPrefix: { name: "DNS1123SubdomainPrefix", validate: prefixOf(dns1123Subdomain), regexSize: 60 },
  dns1035LabelPrefix: { name: "DNS1035LabelPrefix", validate: prefixOf(dns1035Label), regexSize: 30 },
  labelValue: { name: "LabelValue", validate: labelValue, regexSize: 40 },
  uri: {
    name: "URI",
    validate: (text) => {
      const problem = uriProblem(text);
      return problem === undefined ? [] : [problem];
    },
    regexSize: 1103,
  },
  uuid: {
    name: "uuid",
    validate: (text) => when(isUuid(text), "does not match the UUID format"),
    regexSize: uuidPattern.length,
  },
  byte: { name: "byte", validate: (text) => when(isBase64(text), "invalid base64"), regexSize: 84 },
  date: {
    name: "date",
    validate: (text) => when(parseDate(text) !== undefined, "invalid date"),
    regexSize: dateTimePattern.length,
  },
  datetime: {
    name: "datetime",
    validate: (text) => when(isDateTime(text), "invalid datetime"),
    regexSize: dateTimePattern.length,
  },
};

const values = new Map(Object.entries(formats).map(([name, format]) => [name, new FormatValue(format)] as const));

function validate({ content }: FormatValue, text: string): Result {
  const problems = content.validate(text);
  return problems.length === 0 ? NONE : new CelOptional(new ArrayList(problems));
}

const constants: readonly FunctionDecl[] = [...values].map(([name, value]) => ({
  name: `format.${name}`,
  overloads: [overload(`format.${name}`, [[], FORMAT_TYPE], () => value)],
}));

export const FORMAT: Library = {
  name: "kubernetes.format",
  functions: [
    ...constants,
    ...functions({
      validate: [method("format-validate", [[FORMAT_TYPE, STRING], optionalOf(listOf(STRING))], validate)],
      "format.named": [
        overload("format-named", [[STRING], optionalOf(FORMAT_TYPE)], (name: string) => {
          const value = values.get(name);
          return value === undefined ? NONE : new CelOptional(value);
        }),
      ],
    }),
  ],
};
