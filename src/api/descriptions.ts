// What `kubectl explain` says about every type and field of the built-in API. Some hundred kilobytes of text that a start does not need:
// only described.ts loads this module, when a document that has descriptions is made.
import type { Differences } from "./lib/descriptions/contract.ts";
import { itemsOf, kindFields, listMetadata, listOf, metadata } from "./lib/descriptions/shared.ts";

/** Definitions begin with the name of one of these packages. What stands later says what differs in that version. */
export const packages: Readonly<Record<string, readonly Differences[]>> = {};

/**
 * Descriptions of a definition (under "") and of its fields, by name; nothing of what is not described. `fields` are the names of
 * all its fields.
 */
export function describe(definition: string, fields: readonly string[]): Readonly<Record<string, string>> {
  const dot = definition.lastIndexOf(".");
  const type = definition.slice(dot + 1);
  const own: Record<string, string> = {};
  for (const part of packages[definition.slice(0, dot)] ?? []) Object.assign(own, part[type]);
  const has = (field: string): boolean => fields.includes(field);
  const list = type.endsWith("List") && has("items") && has("metadata");
  return {
    ...(has("apiVersion") && has("kind") ? kindFields : {}),
    ...(has("metadata") ? { metadata: list ? listMetadata : metadata } : {}),
    ...(list ? { "": listOf(type.slice(0, -"List".length)), items: itemsOf(type.slice(0, -"List".length)) } : {}),
    ...Object.fromEntries(Object.entries(own).filter(([field]) => field === "" || has(field))),
  };
}
