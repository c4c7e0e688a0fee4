// The filters of one decision: made from the plugins for one pod, then run on many nodes.
import type { Diagnosis, FilterRun, NodeFilter, Plugin, Status } from "./framework.ts";
import type { NodeInfo } from "./snapshot/node-info.ts";
import type { PodInfo } from "./snapshot/pod-info.ts";

export type PreparedFilters =
  | { readonly kind: "ready"; readonly run: FilterRun; readonly nodeNames: ReadonlySet<string> | undefined }
  /** No node can fit; `run` has what was prepared, for preemption. The diagnosis says why. */
  | { readonly kind: "rejected"; readonly run: FilterRun }
  | { readonly kind: "error"; readonly message: string };

const message = (status: Status): string => status.reasons.join(", ");

/** Upstream: RunPreFilterPlugins. A rejection that preemption cannot cure ends it; the others let the rest prepare. */
export function prepareFilters(
  plugins: readonly Plugin[],
  pod: PodInfo,
  { diagnosis, ownNode }: { readonly diagnosis: Diagnosis; readonly ownNode: NodeInfo | undefined },
): PreparedFilters {
  const filters: NodeFilter[] = [];
  const named: string[] = [];
  const run: FilterRun = {
    ...filterRun(pod, filters),
    signature: () => signatureOf(pod, filters, named),
    ...{ ownNode, sheet: undefined },
  };
  const naming: string[] = [];
  let nodeNames: ReadonlySet<string> | undefined;
  let rejection: Status | undefined;
  for (const plugin of plugins) {
    const step = plugin.filter!(pod);
    if (step.kind === "skip") continue;
    if (step.kind === "reject") {
      if (step.status.code === "error")
        return { kind: "error", message: `running PreFilter plugin "${plugin.name}": ${message(step.status)}` };
      rejection = step.status;
      if (rejection.code === "unresolvable") break;
      continue;
    }
    filters.push(step.filter);
    named.push(plugin.name);
    if (step.filter.nodeNames === undefined) continue;
    naming.push(plugin.name);
    nodeNames = nodeNames === undefined ? step.filter.nodeNames : common(nodeNames, step.filter.nodeNames);
    if (nodeNames.size === 0) {
      rejection = { code: "unresolvable", plugin: "", reasons: [noCommonNode(naming)] };
      for (const each of naming) diagnosis.unschedulablePlugins.add(each);
      break;
    }
  }
  if (rejection !== undefined) {
    diagnosis.absent = rejection;
    diagnosis.preFilterMessage = message(rejection);
    if (rejection.plugin !== "") diagnosis.unschedulablePlugins.add(rejection.plugin);
    return { kind: "rejected", run };
  }
  if (nodeNames !== undefined) {
    for (const each of naming) diagnosis.unschedulablePlugins.add(each);
    diagnosis.absent = {
      code: "unresolvable",
      plugin: "",
      reasons: [`node(s) didn't satisfy plugin(s) [${naming.sort().join(" ")}]`],
    };
  }
  return { kind: "ready", run, nodeNames };
}

const common = (a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...a].filter((each) => b.has(each)));

const noCommonNode = (plugins: readonly string[]): string =>
  plugins.length === 1
    ? `node(s) didn't satisfy plugin ${plugins[0]}`
    : `node(s) didn't satisfy plugin(s) [${[...plugins].sort().join(" ")}] simultaneously`;

function filterRun(pod: PodInfo, filters: readonly NodeFilter[]): Pick<FilterRun, "check" | "add" | "remove"> {
  const checkAll = (node: NodeInfo): Status | undefined => {
    for (let index = 0; index < filters.length; index++) {
      const status = filters[index]!.check(node);
      if (status !== undefined) return status;
    }
    return undefined;
  };
  const add = (other: PodInfo, node: NodeInfo): void => {
    for (const filter of filters) filter.add?.(other, node);
  };
  const remove = (other: PodInfo, node: NodeInfo): void => {
    for (const filter of filters) filter.remove?.(other, node);
  };
  const check = (node: NodeInfo): Status | undefined => {
    const { nominated } = node;
    if (nominated.length === 0) return checkAll(node);
    const before = nominated.filter((other) => other.priority >= pod.priority && other.uid !== pod.uid);
    if (before.length === 0) return checkAll(node);
    // With the nominated pods there is less room; without them affinity may miss them. The pod has to fit both ways.
    // Most nodes that fail do so without them already, which is cheaper to see.
    const alone = checkAll(node);
    if (alone !== undefined) return alone;
    const crowded = node.clone();
    for (const other of before) {
      crowded.addPod(other);
      add(other, crowded);
    }
    const status = checkAll(crowded);
    for (const other of before) remove(other, crowded);
    return status;
  };
  return { check, add, remove };
}

/** The priority tells which nominated pods count, and which pods could be made to go. */
function signatureOf(
  { priority }: PodInfo,
  filters: readonly NodeFilter[],
  names: readonly string[],
): string | undefined {
  let signature = String(priority);
  for (let index = 0; index < filters.length; index++) {
    const own = filters[index]!.sign?.();
    if (own === undefined) return undefined;
    signature += `\n${names[index]} ${own}`;
  }
  return signature;
}
