// What is counted when somebody asks: volumes in use on each node, and those wanted and there as this controller sees them.
// Upstream: pkg/controller/volume/attachdetach/metrics.
import type { PersistentVolume, Pod } from "../../api/index.ts";
import { Gauge } from "../../base/index.ts";
import type { ControllerContext } from "../lib/index.ts";

type Volume = NonNullable<Pod["spec"]["volumes"]>[number];
type Source = Pick<PersistentVolume["spec"], "csi" | "fc" | "iscsi"> | Pick<Volume, "csi" | "fc" | "iscsi">;

/** The driver of a volume that is attached to nodes; undefined for every other. */
export function pluginOf({ csi, fc, iscsi }: Source): string | undefined {
  if (csi) return `kubernetes.io/csi:${csi.driver}`;
  if (fc) return "kubernetes.io/fc";
  return iscsi ? "kubernetes.io/iscsi" : undefined;
}

/** Labels of each volume: one of a kind for each that there is. */
export interface VolumeCounts {
  readonly inUse: () => Iterable<{ readonly node: string; readonly volume_plugin: string }>;
  readonly total: () => Iterable<{ readonly plugin_name: string; readonly state: string }>;
}

/** Registers once for a registry: a controller that is started again counts on. */
export function registerVolumeCounts({ metrics }: ControllerContext, { inUse, total }: VolumeCounts): void {
  const inUseName = "storage_count_attachable_volumes_in_use";
  if (metrics.all.some(({ name }) => name === inUseName)) return;
  const gauges = [
    [
      new Gauge({
        name: inUseName,
        help: "Measure number of volumes in use",
        labelNames: ["node", "volume_plugin"],
        stability: "ALPHA",
      }),
      inUse,
    ],
    [
      new Gauge({
        name: "attachdetach_controller_total_volumes",
        help: "Number of volumes in A/D Controller",
        labelNames: ["plugin_name", "state"],
        stability: "ALPHA",
      }),
      total,
    ],
  ] as const;
  for (const [gauge, labels] of gauges) {
    metrics.register(gauge);
    let shown: readonly Readonly<Record<string, string>>[] = [];
    metrics.beforeRender(() => {
      for (const each of shown) gauge.remove(each);
      shown = [...labels()];
      for (const each of shown) gauge.add(1, each);
    });
  }
}
