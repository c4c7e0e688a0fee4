// nodeSelector and node affinity: required ones filter, preferred ones score.
import type { Node, NodeSelector, Pod } from "../../../api/index.ts";
import { action, asNode, check, type FilterStep, type Plugin, reject, skip, unresolvable } from "../../framework.ts";
import { type NodeFacts, preferredNodeScore, requiredNodeMatcher } from "../../lib/node-selector.ts";
import { normalize } from "../../lib/normalize.ts";

const name = "NodeAffinity";
const mismatch = unresolvable(name, "node(s) didn't match Pod's node affinity/selector");
const conflict = unresolvable(name, "pod affinity terms conflict");

const facts = (node: Node): NodeFacts => ({ name: node.metadata.name, labels: node.metadata.labels ?? {} });

export const nodeAffinity = (): Plugin => ({
  name,
  filter: (info) => {
    const matches = requiredNodeMatcher(info.pod);
    if (matches === undefined) return skip;
    const nodeNames = namedNodes(info.pod);
    if (nodeNames?.size === 0) return reject(conflict);
    const step: FilterStep = check({
      ...(nodeNames === undefined ? {} : { nodeNames }),
      check: (node) => (matches(node) ? undefined : mismatch),
      sign: () => JSON.stringify([info.pod.spec?.nodeSelector, requiredAffinity(info.pod)]),
    });
    return step;
  },
  score: (info, nodes, out) => {
    const terms = info.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
    if (terms === undefined || terms.length === 0) return false;
    const score = preferredNodeScore(terms);
    for (let index = 0; index < nodes.length; index++) out[index] = score(nodes[index]!);
    normalize(out, nodes.length, "higher is better");
    return true;
  },
  events: [
    {
      resource: "Node",
      action: action.add | action.updateNodeLabel,
      hint: (info, before, after) => {
        const matches = requiredNodeMatcher(info.pod) ?? (() => true);
        if (!matches(facts(asNode(after)!))) return false;
        return before === undefined || !matches(facts(asNode(before)!));
      },
    },
  ],
});

const requiredAffinity = (pod: Pod): NodeSelector | undefined =>
  pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;

/** The only nodes that can match, when every term pins metadata.name: DaemonSet pods look at one node instead of all. */
function namedNodes(pod: Pod): ReadonlySet<string> | undefined {
  const terms = requiredAffinity(pod)?.nodeSelectorTerms ?? [];
  if (terms.length === 0) return undefined;
  const names = new Set<string>();
  for (const term of terms) {
    let ofTerm: Set<string> | undefined;
    for (const field of term.matchFields ?? [])
      if (field.key === "metadata.name" && field.operator === "In") {
        const values = field.values ?? [];
        const known: ReadonlySet<string> | undefined = ofTerm;
        ofTerm = new Set(known === undefined ? values : values.filter((each) => known.has(each)));
      }
    if (ofTerm === undefined) return undefined;
    for (const each of ofTerm) names.add(each);
  }
  return names;
}
