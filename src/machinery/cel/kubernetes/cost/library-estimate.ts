/**
 * Estimated costs of the Kubernetes libraries and of the extension libraries they are used with.
 * Source: k8s.io/apiserver/pkg/cel/library/cost.go, EstimateCallCost; any change here changes which rules are taken.
 */

import { sameType } from "../../types.ts";
import { FORMAT_TYPE } from "../libraries/format.ts";
import { CIDR_TYPE, IP_TYPE } from "../libraries/ip.ts";
import { URL_TYPE } from "../libraries/urls.ts";
import { maxFormatSize, maxNameFormatRegexSize } from "../limits.ts";
import type { CallEstimate, CostEstimator, CostNode, EstimatedCall } from "./coster.ts";
import { appended } from "./estimate-path.ts";
import {
  add,
  type Estimate,
  exactly,
  listCreateBaseCost,
  multiply,
  regexStringLengthCostFactor,
  scale,
  stringTraversalCostFactor,
  structCreateBaseCost,
  unbounded,
  unknownSize,
} from "./estimate-size.ts";
import { extensionEstimate } from "./extension-estimate.ts";
import { isKubernetesType } from "./library-types.ts";

type SizeOf = CostEstimator["size"];
type EstimateCall = (call: EstimatedCall, sizeOf: (node: CostNode) => Estimate) => CallEstimate | undefined;

/** An estimator of Kubernetes' libraries for inputs of these sizes. */
export function libraryEstimator(size: SizeOf = () => undefined): CostEstimator {
  const sizeOf = (node: CostNode): Estimate => node.size ?? size(node) ?? unknownSize;
  return {
    size,
    call: (call) => extensionEstimate(call, sizeOf) ?? estimates.get(call.function)?.(call, sizeOf),
  };
}

const one = exactly(1);
const traversal = (size: Estimate): Estimate => scale(size, stringTraversalCostFactor);
const twice = (size: Estimate): Estimate => scale(size, 2 * stringTraversalCostFactor);

/** A fixed cost. */
const fixed =
  (cost: number): EstimateCall =>
  () => ({ cost: exactly(cost) });

/** One look at the first argument. */
const readsArgument: EstimateCall = ({ args: [text] }, sizeOf) => text && { cost: traversal(sizeOf(text)) };

const selector: EstimateCall = ({ args: [text] }, sizeOf) => {
  if (text === undefined) return undefined;
  const length = sizeOf(text);
  const requirements = scale(scale(length, 0.5), listCreateBaseCost + structCreateBaseCost);
  return { cost: add(add(exactly(listCreateBaseCost), traversal(length)), requirements) };
};

/** The elements of a list as a node of their own. */
function elementNode(list: CostNode): CostNode | undefined {
  const [type] = list.type.parameters;
  if (type === undefined) return undefined;
  const path =
    list.path && appended({ steps: list.path.steps.slice(0, list.path.length), length: list.path.length }, "@items");
  return { path, type, expr: undefined, size: undefined };
}

const walksList: EstimateCall = ({ target }, sizeOf) => {
  if (target === undefined) return undefined;
  const element = elementNode(target);
  if (element === undefined) return { cost: traversal(sizeOf(target)) };
  const { kind } = element.type;
  const each = kind === "string" || kind === "bytes" ? add(one, traversal(sizeOf(element))) : one;
  return { cost: multiply(sizeOf(target), each) };
};

const copiesTarget: EstimateCall = ({ target }, sizeOf) =>
  target && { cost: traversal(sizeOf(target)), resultSize: sizeOf(target) };

const copiesArgument: EstimateCall = ({ args }, sizeOf) =>
  args.length === 1 && args[0] !== undefined
    ? { cost: traversal(sizeOf(args[0])), resultSize: sizeOf(args[0]) }
    : undefined;

const replace: EstimateCall = ({ target, args: [from, to] }, sizeOf) => {
  if (target === undefined || from === undefined || to === undefined) return undefined;
  const [text, old, replacement] = [sizeOf(target), sizeOf(from), sizeOf(to)];
  const most = longestReplacement(text.max, old.min, replacement.max);
  const least = shortestReplacement(text.min, old.max, replacement.min);
  const count = { min: least.count, max: most.count };
  const kept = { min: least.kept, max: most.kept };
  return { cost: twice(text), resultSize: add(multiply(count, replacement), kept) };
};

/** How often something is replaced and what stays, when the result is as long as it can get. */
function longestReplacement(text: number, old: number, replacement: number): { count: number; kept: number } {
  if (old === 0) return { count: Math.min(text + 1, unbounded), kept: text };
  if (replacement <= old) return { count: 0, kept: text };
  return { count: Math.ceil(text / old), kept: 0 };
}

function shortestReplacement(text: number, old: number, replacement: number): { count: number; kept: number } {
  if (old === 0) return { count: Math.min(text + 1, unbounded), kept: text };
  if (old <= replacement) return { count: 0, kept: text };
  return { count: Math.ceil(text / old), kept: 0 };
}

const split: EstimateCall = ({ target, args: [, limit] }, sizeOf) => {
  if (target === undefined) return undefined;
  const size = sizeOf(target);
  const literal = limit?.expr?.kind === "literal" ? limit.expr.value : undefined;
  const max = typeof literal === "bigint" ? Number(BigInt.asUintN(64, literal)) : size.max;
  return { cost: twice(size), resultSize: { min: 0, max } };
};

const join: EstimateCall = ({ target, args: [separator] }, sizeOf) => {
  if (target === undefined) return undefined;
  const list = sizeOf(target);
  const element = elementNode(target);
  let size = element === undefined ? exactly(0) : multiply(list, sizeOf(element));
  if (separator !== undefined) {
    const count = { min: Math.max(list.min - 1, 0), max: Math.max(list.max - 1, 0) };
    size = add(size, multiply(sizeOf(separator), count));
  }
  return { cost: traversal(size), resultSize: size };
};

const find: EstimateCall = ({ target, args: [pattern] }, sizeOf) => {
  if (target === undefined || pattern === undefined) return undefined;
  const size = sizeOf(target);
  const cost = multiply(traversal(add(size, one)), scale(sizeOf(pattern), regexStringLengthCostFactor));
  return { cost, resultSize: { min: 0, max: size.max } };
};

const addressBytes: Estimate = { min: 4, max: 16 };
const comparingAddresses = traversal(add(addressBytes, addressBytes));

const containsIp: EstimateCall = ({ overloadId, args: [other] }, sizeOf) => {
  if (other === undefined) return undefined;
  if (overloadId !== "cidr_contains_ip_string") return { cost: comparingAddresses };
  return { cost: add(comparingAddresses, traversal(sizeOf(other))) };
};

const containsCidr: EstimateCall = ({ overloadId, args: [other] }, sizeOf) => {
  if (other === undefined) return undefined;
  const masking = add(add(comparingAddresses, traversal(addressBytes)), one);
  return { cost: overloadId === "cidr_contains_cidr_string" ? add(masking, traversal(sizeOf(other))) : masking };
};

const validate: EstimateCall = ({ args: [text] }, sizeOf) =>
  text && {
    cost: scale(traversal(sizeOf(text)), maxNameFormatRegexSize * regexStringLengthCostFactor),
  };

/** Values of Kubernetes' own types are compared in one step or so; others as CEL says. */
const equals: EstimateCall = ({ args: [left, right] }) => {
  if (left === undefined || right === undefined || !sameType(left.type, right.type)) return undefined;
  const { type } = left;
  if (type === IP_TYPE || type === CIDR_TYPE) return { cost: one };
  if (type === FORMAT_TYPE) return { cost: traversal({ min: 1, max: maxFormatSize }) };
  if (type === URL_TYPE) return { cost: traversal({ min: 1, max: right.size?.max ?? 1 }) };
  return isKubernetesType(type) ? { cost: one } : undefined;
};

const named = (names: string, estimate: EstimateCall): readonly (readonly [string, EstimateCall])[] =>
  names.split(" ").map((name) => [name, estimate] as const);

const estimates: ReadonlyMap<string, EstimateCall> = new Map([
  ...named("check", fixed(350_000)),
  ...named("serviceAccount path group resource subresource namespace name allowed reason error errored", fixed(1)),
  ...named("fieldSelector labelSelector", selector),
  ...named("isSorted sum max min indexOf lastIndexOf", walksList),
  ...named("url jsonpatch.escapeKey", copiesArgument),
  ...named("lowerAscii upperAscii substring trim", copiesTarget),
  ...named("replace", replace),
  ...named("split", split),
  ...named("join", join),
  ...named("find findAll", find),
  ...named("cidr isIP isCIDR quantity isQuantity semver isSemver", readsArgument),
  ...named("ip", (call, sizeOf) => (call.overloadId === "cidr_ip" ? { cost: one } : readsArgument(call, sizeOf))),
  ...named("ip.isCanonical", ({ args: [text] }, sizeOf) => text && { cost: twice(sizeOf(text)) }),
  ...named("masked prefixLength family isUnspecified isLoopback", fixed(1)),
  ...named("isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast", fixed(1)),
  ...named("containsIP", containsIp),
  ...named("containsCIDR", containsCidr),
  ...named("validate", validate),
  ...named("format.named", fixed(1)),
  ...named("sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo", fixed(1)),
  ...named("add sub major minor patch", fixed(1)),
  ...named("getScheme getHostname getHost getPort getEscapedPath getQuery", fixed(1)),
  ...named("_==_", equals),
]);
