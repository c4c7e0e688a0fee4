// The text of fieldsV1 sets that many objects share: found by the set's own object, so that an encoder need not write it again.

const texts = new WeakMap<object, string>();

/** Frozen through and through, and its JSON remembered: objects that own the same fields may all hold it. */
export function shareFields(fields: Record<string, unknown>): Record<string, unknown> {
  freezeAll(fields);
  texts.set(fields, JSON.stringify(fields));
  return fields;
}

/** The JSON of a shared set; undefined for any other. */
export const sharedText = (fields: object): string | undefined => texts.get(fields);

/** Also where objects of the API are not frozen: what is shared by all may be changed by nobody. */
function freezeAll(fields: object): void {
  Object.freeze(fields);
  for (const below of Object.values(fields)) if (!Object.isFrozen(below)) freezeAll(below as object);
}
