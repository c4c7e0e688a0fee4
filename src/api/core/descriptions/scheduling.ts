// Where pods may run: affinity, tolerations, spreading.
import type { Descriptions } from "../../lib/descriptions/contract.ts";

const preferred = "Preferences with weights: the node with the highest sum is best. They are not binding.";

export const scheduling: Descriptions = {
  Affinity: {
    "": "Which nodes a pod must or should run on, seen from nodes and from other pods.",
    nodeAffinity: "By labels and fields of the nodes.",
    podAffinity: "Near to which other pods: in the same node, zone or other part of the cluster.",
    podAntiAffinity: "Away from which other pods: not in the same node, zone or other part of the cluster.",
  },
  NodeAffinity: {
    "": "Which nodes, by their labels and fields.",
    preferredDuringSchedulingIgnoredDuringExecution: preferred,
    requiredDuringSchedulingIgnoredDuringExecution:
      "What a node must meet when the pod is placed. If its labels change later, the pod stays.",
  },
  NodeSelector: {
    "": "A choice of nodes: those that at least one of the terms fits.",
    nodeSelectorTerms: "The terms; one that fits is enough.",
  },
  NodeSelectorTerm: {
    "": "Requirements on a node that must all be met. Without any, no node fits.",
    matchExpressions: "Requirements on the node's labels.",
    matchFields: "Requirements on the node's fields; only metadata.name is known.",
  },
  NodeSelectorRequirement: {
    "": "One requirement on a node: a key, an operator and values.",
    key: "The label's key or the field's path.",
    operator: "In, NotIn, Exists, DoesNotExist, Gt or Lt.",
    values: "At least one for In and NotIn, none for Exists and DoesNotExist, just one whole number for Gt and Lt.",
  },
  PreferredSchedulingTerm: {
    "": "A preference for certain nodes. An empty term fits all nodes and changes nothing.",
    preference: "Which nodes.",
    weight: "How much it counts: 1 to 100.",
  },
  PodAffinity: {
    "": "Near to which other pods a pod must or should run.",
    preferredDuringSchedulingIgnoredDuringExecution: preferred,
    requiredDuringSchedulingIgnoredDuringExecution:
      "Terms that must all be met when the pod is placed. If labels of pods change later, the pod stays.",
  },
  PodAntiAffinity: {
    "": "Away from which other pods a pod must or should run.",
    preferredDuringSchedulingIgnoredDuringExecution:
      "Preferences with weights: the more of them a node goes against, the worse it is. They are not binding.",
    requiredDuringSchedulingIgnoredDuringExecution:
      "Terms none of which may be violated when the pod is placed; pods that are placed later are held to it too.",
  },
  PodAffinityTerm: {
    "": "A set of pods, and the part of the cluster in which they are looked for.",
    labelSelector: "The pods' labels. Absent: no pods.",
    matchLabelKeys:
      "Keys of the pod's own labels whose values the others must have too, in addition to labelSelector, such as pod-template-hash. Not together with the same key in labelSelector or mismatchLabelKeys.",
    mismatchLabelKeys:
      "Keys of the pod's own labels whose values the others must not have. Not together with the same key in labelSelector or matchLabelKeys.",
    namespaceSelector:
      "Namespaces by their labels, in addition to namespaces. Empty: all namespaces; absent: none of them.",
    namespaces: "Names of namespaces to look in. Without them and without namespaceSelector, the pod's own.",
    topologyKey:
      "A label of nodes: nodes with the same value are one part of the cluster, as in kubernetes.io/hostname or topology.kubernetes.io/zone. Not empty.",
  },
  WeightedPodAffinityTerm: {
    "": "A preference to be near to, or away from, certain pods.",
    podAffinityTerm: "Which pods, and near in which sense.",
    weight: "How much it counts: 1 to 100.",
  },
  Taint: {
    "": "A mark of a node that keeps pods away which do not bear it.",
    effect:
      "NoSchedule: no new pods; PreferNoSchedule: none if there is another node; NoExecute: no new pods, and those that are there go.",
    key: "The key, written as a label's key.",
    timeAdded: "When it was put on the node.",
    value: "The value that belongs to the key; may be empty.",
  },
  Toleration: {
    "": "Which taints a pod bears: those that key, value and effect fit.",
    effect: "NoSchedule, PreferNoSchedule or NoExecute. Empty: all of them.",
    key: "Key of the taint. Empty, together with Exists: all taints.",
    operator:
      "Equal: key and value are the same; Exists: the value does not matter; Gt and Lt: the taint's value is a whole number greater or smaller than value (needs the feature gate TaintTolerationComparisonOperators). Default Equal.",
    tolerationSeconds:
      "How long the pod stays when a NoExecute taint comes, in seconds; 0 and less: it goes at once. Default for ever. Only with NoExecute.",
    value: "Value of the taint; empty with Exists.",
  },
  TopologySpreadConstraint: {
    "": "How evenly pods are spread over parts of the cluster, such as zones or nodes.",
    labelSelector: "Which pods are counted.",
    matchLabelKeys:
      "Keys of the pod's own labels whose values the counted pods must have too, such as pod-template-hash. Needs labelSelector, and no key of it.",
    maxSkew:
      "By how many pods a part may have more than the part with the fewest. At least 1. With ScheduleAnyway, parts above it count less.",
    minDomains:
      "When there are fewer parts than this, the part with the fewest counts as empty, so that more nodes are asked for. At least 1, the default. Only with DoNotSchedule.",
    nodeAffinityPolicy:
      "Honor: only nodes that the pod's nodeSelector and nodeAffinity fit are counted; Ignore: all nodes. Default Honor.",
    nodeTaintsPolicy:
      "Honor: nodes whose taints the pod does not bear are left out; Ignore: all nodes are counted. Default Ignore.",
    topologyKey: "A label of nodes: nodes with the same value are one part of the cluster.",
    whenUnsatisfiable:
      "DoNotSchedule: the pod waits when no node keeps to maxSkew; ScheduleAnyway: it goes where the difference is smallest.",
  },
  TopologySelectorTerm: {
    "": "Where volumes may be made, by labels of nodes. All expressions must be met.",
    matchLabelExpressions: "The expressions.",
  },
  TopologySelectorLabelRequirement: {
    "": "One label of nodes, and the values that are allowed.",
    key: "Key of the label.",
    values: "The values; one of them is enough.",
  },
};
