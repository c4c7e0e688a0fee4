// Columns of the Table form of scales. Upstream: printers/internalversion printScale, customresource_handler's scaleTable.
import { ageColumn, type Column, nameColumn } from "../../api/index.ts";
import type { KubeObject } from "../../machinery/index.ts";

interface Scale extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number };
}

const replicas = (
  name: string,
  description: string,
  cell: (scale: Scale) => number | null | undefined,
): Column<KubeObject> => ({
  name,
  type: "integer",
  priority: 0,
  description,
  cell: cell as Column<KubeObject>["cell"],
});

const { format: _, ...plainName } = nameColumn;

/** Of built-in kinds. */
export const scaleColumns: readonly Column<KubeObject>[] = [
  plainName,
  replicas(
    "Desired",
    "replicas is the desired number of instances for the scaled object.",
    ({ spec }) => spec?.replicas ?? 0,
  ),
  replicas(
    "Available",
    "replicas is the actual number of observed instances of the scaled object.",
    ({ status }) => status?.replicas ?? 0,
  ),
  ageColumn,
];

/** Of custom resources: read by paths from what is written, where no replicas are nothing. */
export const customScaleColumns: readonly Column<KubeObject>[] = [
  nameColumn,
  replicas("Desired", "Number of desired replicas", ({ spec }) => spec?.replicas ?? null),
  replicas("Available", "Number of actual replicas", ({ status }) => status?.replicas ?? null),
  { ...ageColumn, type: "date" },
];
