// The structure of OpenAPI documents: all but the words of descriptions, as one short digest for each part. Parameters that version 2
// refers to are named after their place instead of after their content, which has the words in it.
import { sha256Hex } from "../../base/index.ts";

type Json = Record<string, unknown>;

/** Digests by `paths /api/` or `definitions io.k8s.…`; of a version 3 document, by its name. */
export type Structure = Readonly<Record<string, string>>;

const entriesOf = (value: unknown): [string, unknown][] => Object.entries((value ?? {}) as Json);
const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

/** The value without words, its members by name; `names` are the new names of shared parameters. */
function structural(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return names.get(value) ?? value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => structural(each, names));
  return Object.fromEntries(
    entriesOf(value)
      .sort(byName)
      .map(([key, each]) => [
        key,
        key === "description" && typeof each === "string" ? "described" : structural(each, names),
      ]),
  );
}

const digest = (value: unknown, names: ReadonlyMap<string, string>): string =>
  sha256Hex(new TextEncoder().encode(JSON.stringify(structural(value, names))))
    .slice(0, 8)
    .toLowerCase();

/** Each shared parameter is called by its name and by how many of that name were referred to before it. */
function parameterNames({ paths, parameters }: Json): Map<string, string> {
  const names = new Map<string, string>();
  const counts = new Map<string, number>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, each] of entriesOf(value).sort(byName)) {
      if (key !== "$ref" || typeof each !== "string" || !each.startsWith("#/parameters/")) visit(each);
      else if (!names.has(each)) {
        const { name, in: where } = (parameters as Record<string, Json>)[each.slice("#/parameters/".length)]!;
        const count = (counts.get(`${where} ${name}`) ?? 0) + 1;
        counts.set(`${where} ${name}`, count);
        names.set(each, `${where} ${name} ${count}`);
      }
    }
  };
  visit(paths);
  return names;
}

/** Part by part; parameters under their new names. */
export function structureOfV2(document: Json): Structure {
  const names = parameterNames(document);
  const parts = entriesOf(document).flatMap(([part, content]): [string, unknown][] =>
    part === "paths" || part === "definitions" || part === "parameters"
      ? entriesOf(content).map(([key, each]) => [
          `${part} ${part === "parameters" ? names.get(`#/parameters/${key}`) : key}`,
          each,
        ])
      : [[part, content]],
  );
  return Object.fromEntries(parts.sort(byName).map(([name, each]) => [name, digest(each, names)]));
}

export const structureOfV3 = (documents: Readonly<Record<string, Json>>): Structure =>
  Object.fromEntries(
    Object.entries(documents)
      .sort(byName)
      .map(([name, each]) => [name, digest(each, new Map())]),
  );
