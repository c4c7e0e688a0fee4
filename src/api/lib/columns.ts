// Cells that many kinds share, as `kubectl get` prints them. Upstream: k8s.io/kubernetes/pkg/printers/internalversion,
// k8s.io/apimachinery/pkg/util/duration.
import columnTable from "../../../facts/columns.json" with { type: "json" };
import { type KubeObject, type LabelSelector, labelSelectorMatcher, parseTime } from "../../machinery/index.ts";
import type { Column } from "../kind.ts";

/**
 * A span of time the way kubectl prints ages: two units at most, the second only while the first is small
 * (`45s`, `3m10s`, `12m`, `5h30m`, `26h`, `3d4h`, `20d`, `2y45d`, `9y`).
 */
export function humanDuration(spanMs: number): string {
  const seconds = Math.trunc(spanMs / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return pair(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return pair(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 192) return pair(days, "d", hours % 24, "h");
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.trunc(hours / 24 / 365);
  if (hours < 24 * 365 * 8) return pair(years, "y", days % 365, "d");
  return `${years}y`;
}

const pair = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`;

/** Time passed since `time`; `<unknown>` when there is none. */
export function age(time: string | null | undefined, now: number): string {
  const since = parseTime(time ?? undefined);
  return Number.isNaN(since) ? "<unknown>" : humanDuration(now - since);
}

/** A column of text that is shown by default. */
export const column = <T>(name: string, description: string, cell: Column<T>["cell"]): Column<T> => ({
  name,
  type: "string",
  priority: 0,
  description,
  cell,
});

/** A column of whole numbers that is shown by default. */
export const integerColumn = <T>(name: string, description: string, cell: (object: T) => number): Column<T> => ({
  name,
  type: "integer",
  priority: 0,
  description,
  cell,
});

/** The Name column of every built-in kind. */
export const nameColumn: Column<KubeObject> = {
  name: "Name",
  type: "string",
  format: "name",
  priority: 0,
  description:
    "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names",
  cell: (object) => object.metadata.name,
};

const creationTimestamp =
  "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

export const ageColumn: Column<KubeObject> = column("Age", creationTimestamp, (object, { now }) =>
  age(object.metadata.creationTimestamp, now),
);

/** What kinds without a printer of their own show beside the name: the time itself. */
export const createdAtColumn: Column<KubeObject> = {
  name: "Created At",
  type: "date",
  priority: 0,
  description: creationTimestamp,
  cell: (object) => object.metadata.creationTimestamp,
};

interface ColumnFacts {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly priority: number;
  readonly description?: string;
}

const columnFacts = columnTable as Readonly<Record<string, readonly ColumnFacts[]>>;

/**
 * The columns of `group/version/Kind` (`v1/Pod`) with names, order and descriptions from facts/columns.json; only the cells
 * are given here, by column name. Name and Age fill themselves. Throws when the facts and the cells do not fit.
 */
export function tableColumns<T extends KubeObject>(
  kind: string,
  cells: Readonly<Record<string, Column<T>["cell"]>>,
): Column<T>[] {
  const own: Readonly<Record<string, Column<KubeObject>["cell"]>> = { Name: nameColumn.cell, Age: ageColumn.cell };
  const columns = columnFacts[kind];
  if (columns === undefined)
    throw new Error(
      `facts/columns.json has no columns of ${kind}: record an answer of it, then run facts/generate-columns.ts`,
    );
  for (const name in cells)
    if (!columns.some((each) => each.name === name)) throw new Error(`${kind} has no column ${name}`);
  return columns.map((facts) => {
    const cell = cells[facts.name] ?? own[facts.name];
    if (cell === undefined) throw new Error(`${kind} needs a cell for its column ${facts.name}`);
    return {
      name: facts.name,
      type: facts.type as Column<T>["type"],
      ...(facts.format === undefined ? {} : { format: facts.format }),
      priority: facts.priority === 0 ? 0 : 1,
      description: facts.description ?? (facts.name === "Name" ? nameColumn.description : creationTimestamp),
      cell,
    };
  });
}

/** Names and images of containers, comma separated. */
export const containerCells = (containers: readonly { name: string; image?: string }[] | undefined) => ({
  names: (containers ?? []).map((each) => each.name).join(","),
  images: (containers ?? []).map((each) => each.image ?? "").join(","),
});

/** `a=1,b=2`, `<none>` when there are no labels. */
export function labelsCell(labels: Readonly<Record<string, string>> | undefined): string {
  const keys = Object.keys(labels ?? {}).sort();
  return keys.length === 0 ? "<none>" : keys.map((key) => `${key}=${labels?.[key]}`).join(",");
}

/** A text, or what stands for none. */
export const orElse = (text: string | undefined, otherwise: string): string => (text ? text : otherwise);

/** A selector as it would be typed after `-l`; `<none>` when it is empty. */
export const selectorCell = (selector: LabelSelector | undefined): string =>
  orElse(labelSelectorMatcher(selector).toString(), "<none>");

/** The first three, then how many more there are; `<unset>` when there are none. */
export const firstThree = (texts: readonly string[]): string =>
  orElse(
    texts.length > 3 ? `${texts.slice(0, 3).join(",")} + ${texts.length - 3} more...` : texts.join(","),
    "<unset>",
  );
