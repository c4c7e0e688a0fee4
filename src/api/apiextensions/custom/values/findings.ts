// What is found wrong with a value: gathered once each and within bounds, then told in upstream's texts.
import { type FieldError, field, mostFindings, quoteGo } from "../../../../machinery/index.ts";
import type { Correlated } from "./correlation.ts";

type Code = "required" | "enum" | "tooLong" | "tooMany" | "type" | "other";

/** `plain` findings have no field of their own: alternatives and number ranges. */
export interface Finding {
  readonly code: Code | "plain";
  readonly name: string;
  readonly value: unknown;
  readonly message: string;
  readonly limit?: number;
  readonly values?: readonly unknown[];
}

/** `matched` counts checks that were made: of alternatives that all fail, the one with most is shown. */
export interface Result {
  readonly findings: Finding[];
  matched: number;
  /** Of the findings, once there are many. */
  messages?: Set<string>;
  /** Of their messages. */
  characters?: number;
}

export const result = (): Result => ({ findings: [], matched: 0 });

/** Findings that are compared one by one. */
const few = 8;

/** What is told has a bound; some messages list all values that are possible. */
const mostCharacters = 512 * 1024;

export const isFull = ({ findings, characters = 0 }: Result): boolean =>
  findings.length >= mostFindings || characters > mostCharacters;

/** No message twice, and no more findings than are told. */
export function add(into: Result, finding: Finding): void {
  const { findings } = into;
  if (findings.length < few) {
    if (findings.some((each) => each.message === finding.message)) return;
  } else {
    if (isFull(into)) return;
    into.messages ??= new Set(findings.map((each) => each.message));
    if (into.messages.has(finding.message)) return;
    into.messages.add(finding.message);
  }
  findings.push(finding);
  into.characters = (into.characters ?? 0) + finding.message.length;
}

export function merge(into: Result, other: Result): void {
  for (const finding of other.findings) add(into, finding);
  into.matched += other.matched;
}

export interface Place {
  readonly path: string;
  /** Defaults are judged by a schema that says nothing of the types of int-or-string. */
  readonly loose?: true;
  /** The old value, where there is one that stands for this. */
  readonly correlated: Correlated | undefined;
}

export const invalidType = ({ path }: Place, type: string, value: string): Finding => ({
  code: "type",
  name: path,
  value,
  message: `${path} in body must be of type ${type}: ${quoteGo(value)}`,
});

export const one = (finding: Finding): Result => ({ findings: [finding], matched: 0 });

export const other = ({ path }: Place, value: unknown, text: string): Finding => ({
  code: "other",
  name: path,
  value,
  message: `${path} in body ${text}`,
});

export const plain = (message: string): Finding => ({ code: "plain", name: "", value: "", message });

/** The path of a finding without any. */
const noPath = "<nil>";

export function fieldErrors({ findings }: Result, at: string): FieldError[] {
  return findings.map((finding) => {
    const name = finding.name.startsWith(".") ? finding.name.slice(1) : finding.name;
    const path = finding.code === "plain" || name === "" ? at || noPath : at === "" ? name : `${at}.${name}`;
    switch (finding.code) {
      case "required":
        return field.required(path);
      case "enum":
        return field.notSupported(path, finding.value, (finding.values ?? []).map(enumText));
      case "tooLong":
        return field.tooLong(path, finding.limit ?? -1);
      case "tooMany":
        return field.tooMany(path, Number(finding.value), finding.limit ?? -1);
      case "type":
        return field.typeInvalid(path, finding.value ?? "", finding.message);
      default:
        return field.invalid(path, finding.value ?? "", finding.message);
    }
  });
}

const enumText = (value: unknown): string =>
  typeof value === "string" ? value : typeof value === "bigint" ? String(value) : JSON.stringify(value);
