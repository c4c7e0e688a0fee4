// Objects as upstream's error texts print them: in the form of its internal Go types, whose fields have other names, stand in
// their own order and are all there. A form says how one type prints.

import { sentEmpty } from "../../../machinery/index.ts";

type Json = unknown;
export type GoForm = (value: Json) => Json;

/** Printed as it is; `null` when there is none: pointers, and values that print themselves (times, quantities). */
export const goPointer: GoForm = (value) => value ?? null;
export const goString: GoForm = (value) => value ?? "";
export const goNumber: GoForm = (value) => value ?? 0;
export const goBool: GoForm = (value) => value ?? false;

export const goList =
  (form: GoForm): GoForm =>
  (value) =>
    Array.isArray(value) ? value.map((each) => form(each)) : null;

export function goMap(form: GoForm): GoForm {
  const made: GoForm = (value) =>
    value === undefined || value === null
      ? null
      : Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, each]) => [key, form(each)]),
        );
  emptyOf.set(made, {});
  return made;
}

/** What forms print that were sent empty; lists where nothing is said. */
const emptyOf = new Map<GoForm, Json>();

/** `Name: form` of the field `name`; the first letter is lower case in the API unless another name is given. */
export const goStruct =
  (table: Readonly<Record<string, GoForm | readonly [string, GoForm]>>): GoForm =>
  (value) => {
    const object = (value ?? {}) as Readonly<Record<string, Json>>;
    return Object.fromEntries(
      Object.entries(table).map(([name, rule]) => {
        const [own, form] =
          typeof rule === "function" ? [`${name[0]?.toLowerCase()}${name.slice(1)}`, rule] : [rule[0], rule[1]];
        if (sentEmpty(object, own)) return [name, form(emptyOf.get(form) ?? [])];
        return [name, form(object[own])];
      }),
    );
  };

export const goOptional =
  (form: GoForm): GoForm =>
  (value) =>
    value === undefined || value === null ? null : form(value);
