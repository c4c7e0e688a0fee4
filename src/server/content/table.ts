// Objects as the Table that kubectl prints. Upstream: k8s.io/kubernetes/pkg/printers, apiserver's handlers/response.go.
import type { KindDefinition } from "../../api/index.ts";
import { decodeValue, type KubeObject } from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

export interface TableForm {
  readonly version: "v1" | "v1beta1";
  readonly include: IncludeObject;
  readonly now: number;
}

interface ListMetadata {
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export const partialObject = (object: KubeObject, version: "v1" | "v1beta1"): KubeObject => ({
  kind: "PartialObjectMetadata",
  apiVersion: `meta.k8s.io/${version}`,
  metadata: object.metadata,
});

/** What rows are made of. */
export type TabledKind = Pick<KindDefinition, "kind" | "group" | "columns" | "rowOrder" | "rowMetadata">;

const columnDefinitions = (kind: TabledKind): object[] =>
  kind.columns
    .filter(({ unannounced }) => unannounced !== true)
    .map((column) => ({
      name: column.name,
      type: column.type,
      format: column.format ?? "",
      description: column.description,
      priority: column.priority,
    }));

/** `columns` false: a later event of a watch, which leaves the definitions out. */
export function tableOf(
  kind: TabledKind,
  objects: readonly KubeObject[],
  form: TableForm & { readonly metadata: ListMetadata; readonly columns: boolean },
): object {
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${form.version}`,
    metadata: form.metadata,
    columnDefinitions: form.columns ? columnDefinitions(kind) : null,
    rows: inOrder(kind, objects).map((object) => rowOf(kind, object, form)),
  };
}

const inOrder = ({ rowOrder }: TabledKind, objects: readonly KubeObject[]): readonly KubeObject[] =>
  rowOrder === undefined ? objects : [...objects].sort(rowOrder);

/** What a column shows of an object in which nothing is set. */
const zeroCells: Readonly<Record<string, unknown>> = {
  string: "",
  integer: 0,
  number: 0,
  boolean: false,
  date: "0001-01-01T00:00:00Z",
};

/** The table of a bookmark: upstream prints an object of the kind that has nothing but a revision. */
export function bookmarkTable(
  { kind, schema, schemas }: ServedResource,
  bookmark: KubeObject,
  form: TableForm & { readonly columns: boolean },
): object {
  const named = { ...bookmark, metadata: { ...bookmark.metadata, name: "" } };
  const object = (
    schema === undefined ? named : decodeValue(named, { schema, schemas, fieldValidation: "Ignore" }).object
  ) as KubeObject;
  const cells = kind.columns.map((column) => column.cell(object, { now: form.now }) ?? zeroCells[column.type]);
  const metadata = { resourceVersion: bookmark.metadata.resourceVersion };
  return {
    ...tableOf(kind, [], { ...form, metadata }),
    rows: [
      {
        cells,
        object:
          form.include === "None" ? null : form.include === "Object" ? bookmark : partialObject(bookmark, form.version),
      },
    ],
  };
}

function rowOf(kind: TabledKind, object: KubeObject, form: TableForm): object {
  const conditions = podConditions(kind, object);
  return {
    cells: kind.columns.map((column) => column.cell(object, { now: form.now })),
    ...(conditions === undefined ? {} : { conditions }),
    object:
      form.include === "None"
        ? null
        : form.include === "Object"
          ? object
          : partialObject(shown(kind, object), form.version),
  };
}

/** The object whose metadata a form of metadata alone has. */
export const shown = ({ rowMetadata }: TabledKind, object: KubeObject): KubeObject =>
  rowMetadata === undefined ? object : { ...object, metadata: rowMetadata(object) };

/** Rows of finished pods say so, so that clients can grey them out. */
function podConditions(kind: TabledKind, object: KubeObject): object[] | undefined {
  if (kind.kind !== "Pod" || kind.group !== "") return undefined;
  const phase = (object as KubeObject & { status?: { phase?: string } }).status?.phase;
  if (phase === "Succeeded")
    return [{ type: "Completed", status: "True", reason: "Succeeded", message: "The pod has completed successfully." }];
  if (phase === "Failed") return [{ type: "Completed", status: "True", reason: "Failed", message: "The pod failed." }];
  return undefined;
}
