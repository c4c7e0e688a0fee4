// What both forms of discovery tell: groups, their versions, the verbs and subresources of each resource.
import type { RemoteVersion } from "../aggregation/contract.ts";
import type { ServedResource } from "../catalog.ts";

export interface Group {
  readonly name: string;
  readonly versions: readonly GroupVersion[];
}

export interface GroupVersion {
  readonly version: string;
  readonly resources: readonly ServedResource[];
  /** An extension server answers for it instead of this one. */
  readonly remote?: RemoteVersion;
}

const customVerbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
const terminatingVerbs = ["delete", "deletecollection", "get", "list", "watch"];

/** In the order in which upstream lists them. */
export function verbsOf({ kind, custom }: ServedResource): readonly string[] {
  if (custom === undefined) return [...kind.verbs].sort();
  return custom.terminating ? terminatingVerbs : customVerbs;
}

export const subresourcesOf = ({ kind, custom }: ServedResource): ServedResource["kind"]["subresources"] =>
  custom === undefined ? [...kind.subresources].sort((a, b) => (a.name < b.name ? -1 : 1)) : kind.subresources;
