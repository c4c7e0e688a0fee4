// Values as upstream's error texts print them: in the form of the types behind all API versions, whose fields have Go's names,
// stand in Go's order and are all there. The types are facts/internal-types.json (facts/generate-internal.ts says how to read it).
import table from "../../../facts/internal-types.json" with { type: "json" };
import { type LabelSelector, sentEmpty } from "../../machinery/index.ts";

type Json = unknown;
type Fields = Readonly<Record<string, Json>>;
type Row = readonly [shown: string, name: string, type: string];

// Inferred from JSON, rows are lists of any length and mixed types.
const types = table as unknown as Readonly<Record<string, readonly Row[]>>;

/** `type` is a word of the table: `core.PodSpec`, `[]core.Toleration`. Absent values print as their zero value. */
export const internalForm = (type: string, value: Json): Json => form(type, value, {});

function form(type: string, value: Json, around: Fields): Json {
  const absent = value === undefined || value === null;
  if (type.startsWith("*")) return absent && !isCarried(type) ? null : form(type.slice(1), value, around);
  if (type.startsWith("[]"))
    return absent ? null : (value as readonly Json[]).map((each) => form(type.slice(2), each, {}));
  if (type.startsWith("{}")) return absent ? null : map(type.slice(2), value as Fields);
  switch (type) {
    case "s":
      return value ?? "";
    case "n":
    case "i":
      return value ?? 0;
    case "b":
      return value ?? false;
    case "q":
      return value ?? "0";
    case "o":
      return value ?? null;
    default: {
      const shown: Record<string, Json> = {};
      addFields(shown, { type, value: (value ?? {}) as Fields, around });
      return shown;
    }
  }
}

/** Present even when the API object has none: conversion makes one to carry what stands beside it there. */
const isCarried = (type: string): boolean => type === "*core.PodSecurityContext";

const map = (type: string, value: Fields): Json =>
  Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, form(type, each, {})]),
  );

function addFields(shown: Record<string, Json>, of: { type: string; value: Fields; around: Fields }): void {
  const rows = types[of.type];
  if (rows === undefined) throw new Error(`facts/internal-types.json has no type ${of.type}`);
  for (const [label, name, type] of rows) {
    if (type === "+") Object.assign(shown, of.value[name]);
    else if (type.startsWith("+")) addFields(shown, { ...of, type: type.slice(1) });
    else {
      const optional = label.endsWith("?");
      const own = optional ? label.slice(0, -1) : label;
      const field = name || `${own[0]!.toLowerCase()}${own.slice(1)}`;
      const value = field.startsWith("^") ? of.around[field.slice(1)] : of.value[field];
      if (optional && isEmpty(value)) continue;
      shown[own] = form(type, value ?? sentAs(type, of.value, field), of.value);
    }
  }
}

/** What a draft leaves out because it was sent empty. */
const sentAs = (type: string, object: object, name: string): Json =>
  sentEmpty(object, name) ? (type.startsWith("[]") ? [] : {}) : undefined;

/** A map of the API's form, by its keys: `null` when it is absent, `{}` when it was sent so. */
export function mapOrNull<T extends object, K extends keyof T & string>(object: T | undefined, name: K): Json {
  const value = object?.[name];
  if (value === undefined || value === null) return sentEmpty(object, name) ? {} : null;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A label selector with its fields in their order. */
export const selectorForm = (selector: LabelSelector): object => ({
  ...(selector.matchLabels === undefined ? {} : { matchLabels: selector.matchLabels }),
  ...(selector.matchExpressions === undefined
    ? {}
    : {
        matchExpressions: selector.matchExpressions.map(({ key, operator, values }) => ({
          key,
          operator,
          ...(values === undefined ? {} : { values }),
        })),
      }),
});

const isEmpty = (value: Json): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  value === 0 ||
  value === false ||
  (typeof value === "object" && Object.keys(value).length === 0);
