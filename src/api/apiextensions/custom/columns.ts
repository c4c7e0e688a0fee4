// Printer columns of custom resources. Upstream: registry/customresource/tableconvertor.
import type { KubeObject } from "../../../machinery/index.ts";
import type { Column } from "../../kind.ts";
import { age, ageColumn, nameColumn } from "../../lib/columns.ts";
import { compileJsonPath, type JsonPath, JsonPathError, printValue } from "./jsonpath.ts";

export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  readonly jsonPath: string;
}

type Cell = ReturnType<Column<KubeObject>["cell"]>;
/** Cells without a value are null. */
const noCell = null as unknown as Cell;

/** Name, then the columns given; the age when there are none. Columns that cannot be read leave the name alone. */
export function customColumns(columns: readonly PrinterColumn[] | undefined): Column<KubeObject>[] {
  if (columns === undefined || columns.length === 0)
    return [nameColumn, { ...ageColumn, type: "date" } as Column<KubeObject>];
  const made: Column<KubeObject>[] = [nameColumn];
  for (const column of columns) {
    let path: JsonPath;
    try {
      path = compileJsonPath(column.jsonPath);
    } catch (error) {
      if (error instanceof JsonPathError) return made;
      throw error;
    }
    made.push(customColumn(column, path));
  }
  return made;
}

const customColumn = (column: PrinterColumn, path: JsonPath): Column<KubeObject> => ({
  name: column.name,
  type: column.type as Column<KubeObject>["type"],
  ...(column.format === undefined ? {} : { format: column.format }),
  priority: (column.priority ?? 0) as 0 | 1,
  description: column.description || `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
  cell: (object, { now }) => {
    const values = find(path, object);
    if (values.length === 0) return noCell;
    const [value] = values;
    return column.type === "string" ? printValue(value) : typedCell(column.type, value, now);
  },
});

function find(path: JsonPath, object: KubeObject): readonly unknown[] {
  try {
    return path(object);
  } catch (error) {
    if (error instanceof JsonPathError) return [];
    throw error;
  }
}

/** As Go makes an int64 of a float64 on most machines: what is too large is the smallest. */
const wholeNumber = (value: number): Cell =>
  Math.abs(value) < 2 ** 63 ? Math.trunc(value) : (-(2n ** 63n) as unknown as Cell);

function typedCell(type: string, value: unknown, now: number): Cell {
  switch (type) {
    case "integer":
      return typeof value === "number"
        ? wholeNumber(value)
        : typeof value === "bigint"
          ? (value as unknown as Cell)
          : noCell;
    case "number":
      return typeof value === "number" || typeof value === "bigint" ? Number(value) : noCell;
    case "boolean":
      return typeof value === "boolean" ? value : noCell;
    case "date":
      return typeof value === "string" ? dateCell(value, now) : noCell;
    default:
      return noCell;
  }
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

function dateCell(text: string, now: number): string {
  if (text === "" || text === "null") return "<unknown>";
  return rfc3339.test(text) && !Number.isNaN(Date.parse(text)) ? age(text, now) : "<invalid>";
}

/** The value that field selectors compare. */
export function selectableValue(path: JsonPath, object: KubeObject): string {
  const [value] = find(path, object);
  return value === undefined || value === null ? "" : printValue(value);
}
