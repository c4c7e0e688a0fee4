// Lists and maps that a client sent empty. Most fields leave them out when they are written, so drafts hold none; some rules
// and texts of upstream tell "empty" from "absent" all the same, and ask here. It is a property that no walk over an object
// sees; a deep clone keeps it, what is stored does not.

const sent: unique symbol = Symbol("fields that were sent empty");

interface Marked {
  readonly [sent]?: ReadonlySet<string>;
}

/** The decoder's note. */
export function markEmpty(object: object, field: string): void {
  setMarks(object, new Set([...((object as Marked)[sent] ?? []), field]));
}

const setMarks = (object: object, marks: ReadonlySet<string>): void =>
  void Object.defineProperty(object, sent, { value: marks, enumerable: false, configurable: true, writable: true });

/** `object.field` was sent, as an empty list or map, and has not been set since. */
export const sentEmpty = (object: object | undefined | null, field: string): boolean =>
  (object as Marked | undefined | null)?.[sent]?.has(field) === true &&
  (object as Readonly<Record<string, unknown>>)[field] === undefined;

/** Anywhere below: something was sent empty. */
export function hasEmpties(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if ((value as Marked)[sent] !== undefined) return true;
  for (const key in value) {
    const member = (value as Readonly<Record<string, unknown>>)[key];
    if (typeof member === "object" && hasEmpties(member)) return true;
  }
  return false;
}

export function copyEmpties(from: object, to: object): void {
  const marks = (from as Marked)[sent];
  if (marks !== undefined) setMarks(to, marks);
}
