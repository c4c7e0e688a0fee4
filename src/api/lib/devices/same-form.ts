// Equal as upstream compares such values: an empty list is none, but a struct that is there is not one that is not.
import { internalForm } from "../internal-form.ts";

const plain = (_key: string, value: unknown): unknown => (Array.isArray(value) && value.length === 0 ? null : value);

/** `type` as in facts/internal-types.json. */
export const sameForm = (type: string, a: unknown, b: unknown): boolean =>
  JSON.stringify(internalForm(type, a), plain) === JSON.stringify(internalForm(type, b), plain);
