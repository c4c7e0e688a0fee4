// The one explicit list of plugins, in the order in which they run and with their weights: upstream's default profile of v1.36.
// Free places, to be filled in upstream's order: NodeVolumeLimits (before VolumeBinding), VolumeZone (after it).
import type { Plugin } from "./framework.ts";
import type { Handle } from "./handle.ts";
import { defaultBinder } from "./plugins/defaultbinder/default-binder.ts";
import { defaultPreemption } from "./plugins/defaultpreemption/default-preemption.ts";
import { dynamicResources } from "./plugins/dynamicresources/dynamic-resources.ts";
import { imageLocality } from "./plugins/imagelocality/image-locality.ts";
import { interPodAffinity } from "./plugins/interpodaffinity/inter-pod-affinity.ts";
import { nodeAffinity } from "./plugins/nodeaffinity/node-affinity.ts";
import { nodeDeclaredFeatures } from "./plugins/nodedeclaredfeatures/node-declared-features.ts";
import { nodeName } from "./plugins/nodename/node-name.ts";
import { nodePorts } from "./plugins/nodeports/node-ports.ts";
import { balancedAllocation } from "./plugins/noderesourcesbalancedallocation/balanced-allocation.ts";
import { nodeResourcesFit } from "./plugins/noderesourcesfit/node-resources-fit.ts";
import { nodeUnschedulable } from "./plugins/nodeunschedulable/node-unschedulable.ts";
import { podTopologySpread } from "./plugins/podtopologyspread/pod-topology-spread.ts";
import { prioritySort } from "./plugins/prioritysort/priority-sort.ts";
import { schedulingGates } from "./plugins/schedulinggates/scheduling-gates.ts";
import { taintToleration } from "./plugins/tainttoleration/taint-toleration.ts";
import { volumeBinding } from "./plugins/volumebinding/volume-binding.ts";
import { volumeRestrictions } from "./plugins/volumerestrictions/volume-restrictions.ts";

export interface PluginEntry {
  readonly name: string;
  /** Of its scores; 0 for plugins that do not score. */
  readonly weight: number;
  readonly create: (handle: Handle) => Plugin;
}

export const plugins: readonly PluginEntry[] = [
  { name: "SchedulingGates", weight: 0, create: schedulingGates },
  { name: "PrioritySort", weight: 0, create: prioritySort },
  { name: "NodeUnschedulable", weight: 0, create: nodeUnschedulable },
  { name: "NodeName", weight: 0, create: nodeName },
  { name: "TaintToleration", weight: 3, create: taintToleration },
  { name: "NodeAffinity", weight: 2, create: nodeAffinity },
  { name: "NodePorts", weight: 0, create: nodePorts },
  { name: "NodeResourcesFit", weight: 1, create: nodeResourcesFit },
  { name: "VolumeRestrictions", weight: 0, create: volumeRestrictions },
  { name: "VolumeBinding", weight: 0, create: volumeBinding },
  { name: "PodTopologySpread", weight: 2, create: podTopologySpread },
  { name: "InterPodAffinity", weight: 2, create: interPodAffinity },
  { name: "DynamicResources", weight: 2, create: dynamicResources },
  { name: "DefaultPreemption", weight: 0, create: defaultPreemption },
  { name: "NodeResourcesBalancedAllocation", weight: 1, create: balancedAllocation },
  { name: "ImageLocality", weight: 1, create: imageLocality },
  { name: "DefaultBinder", weight: 0, create: defaultBinder },
  { name: "NodeDeclaredFeatures", weight: 0, create: nodeDeclaredFeatures },
];

/** Creates the plugins and checks that each says its name once. */
export function createPlugins(handle: Handle, entries: readonly PluginEntry[] = plugins): Plugin[] {
  const names = new Set<string>();
  return entries.map((entry) => {
    const plugin = entry.create(handle);
    if (plugin.name !== entry.name) throw new Error(`plugin ${entry.name} calls itself ${plugin.name}`);
    if (names.has(entry.name)) throw new Error(`plugin ${entry.name} is listed twice`);
    names.add(entry.name);
    return plugin;
  });
}
