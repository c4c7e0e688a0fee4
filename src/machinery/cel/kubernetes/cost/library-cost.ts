/**
 * What calls of the Kubernetes libraries, and of the extension libraries they are used with, cost when they run.
 * Source: k8s.io/apiserver/pkg/cel/library/cost.go, CallCost.
 */
import { utf8Length } from "../../../names.ts";
import type { CallCost } from "../../contract.ts";
import { CelError, CelList, CelMap, CelOpaque, CelStruct, type Result, type Value } from "../../values.ts";
import { FormatValue } from "../libraries/format.ts";
import { CidrValue, IpValue } from "../libraries/ip.ts";
import {
  listCreateBaseCost,
  regexStringLengthCostFactor,
  stringTraversalCostFactor,
  structCreateBaseCost,
} from "./estimate-size.ts";
import { isKubernetesType } from "./library-types.ts";

type Cost = (call: CallCost) => number | undefined;

/** The cost of a call without its arguments, or undefined for CEL's own rule. */
export const libraryCallCost: Cost = (call) => costs.get(call.function)?.(call);

/** Code points, bytes, elements or entries; 1 of anything without a size. */
function sizeOf(value: Result | undefined): number {
  if (typeof value === "string") return codePoints(value);
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof CelList || value instanceof CelMap) return value.size;
  if (value instanceof IpValue || value instanceof CidrValue) return value.size;
  return 1;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _character of text) count++;
  return count;
}

/** One unit a scalar, and the bytes of texts, of everything in the value. */
function traversal(value: Result): number {
  if (value instanceof CelError) return 1;
  if (typeof value === "string") return Math.floor(utf8Length(value) * stringTraversalCostFactor);
  if (value instanceof Uint8Array) return Math.floor(value.length * stringTraversalCostFactor);
  let cost = 0;
  if (value instanceof CelList) {
    for (const element of value) cost += traversal(element);
    return cost;
  }
  if (value instanceof CelMap) {
    for (const key of value.keys()) cost += traversal(key) + traversal(value.find(key) ?? null);
    return cost;
  }
  return 1;
}

const fixed =
  (cost: number): Cost =>
  () =>
    cost;

const reads =
  (factor: number): Cost =>
  ({ args }) =>
    args.length > 0 ? Math.ceil(sizeOf(args[0]) * factor * stringTraversalCostFactor) : undefined;

const selector: Cost = ({ args: [, text] }) => {
  if (text === undefined) return undefined;
  const length = sizeOf(text);
  const requirements = Math.ceil(Math.ceil(length * 0.5) * (listCreateBaseCost + structCreateBaseCost));
  return listCreateBaseCost + Math.ceil(length * stringTraversalCostFactor) + requirements;
};

/** Matching a text against an expression, both by their sizes. */
const matching = (text: number, expression: number): number =>
  Math.ceil((1 + text) * stringTraversalCostFactor) * Math.ceil(expression * regexStringLengthCostFactor);

const containsIp: Cost = ({ overloadId, args: [cidr, other] }) => {
  if (other === undefined) return undefined;
  const comparing = Math.ceil((sizeOf(cidr) + sizeOf(cidr)) * stringTraversalCostFactor);
  if (overloadId !== "cidr_contains_ip_string") return comparing;
  return comparing + Math.ceil(sizeOf(other) * stringTraversalCostFactor);
};

const containsCidr: Cost = ({ overloadId, args: [cidr, other] }) => {
  if (other === undefined) return undefined;
  const size = sizeOf(cidr);
  const masking = Math.ceil(2 * size * stringTraversalCostFactor) + Math.ceil(size * stringTraversalCostFactor) + 1;
  if (overloadId !== "cidr_contains_cidr_string") return masking;
  return masking + Math.ceil(sizeOf(other) * stringTraversalCostFactor);
};

const isKubernetesValue = (value: Value | undefined): boolean =>
  (value instanceof CelOpaque || value instanceof CelStruct) && isKubernetesType(value.type);

const named = (names: string, cost: Cost): readonly (readonly [string, Cost])[] =>
  names.split(" ").map((name) => [name, cost] as const);

const costs: ReadonlyMap<string, Cost> = new Map([
  ...named("check", fixed(350_000)),
  ...named("serviceAccount path group resource subresource namespace name allowed reason error errored", fixed(1)),
  ...named("fieldSelector labelSelector", selector),
  ...named("isSorted sum max min indexOf lastIndexOf", ({ args: [list] }) =>
    list === undefined ? 0 : traversal(list),
  ),
  ...named("url lowerAscii upperAscii substring trim jsonpatch.escapeKey", reads(1)),
  ...named("replace split ip.isCanonical", reads(2)),
  ...named("join", ({ args, result }) =>
    args.length > 0 ? Math.ceil(sizeOf(result) * 2 * stringTraversalCostFactor) : undefined,
  ),
  ...named("find findAll", ({ args }) => (args.length > 1 ? matching(sizeOf(args[0]), sizeOf(args[1])) : undefined)),
  ...named("cidr isIP isCIDR quantity isQuantity semver isSemver", reads(1)),
  ...named("ip", (call) => (call.overloadId === "cidr_ip" ? 1 : reads(1)(call))),
  ...named("masked prefixLength family isUnspecified isLoopback", fixed(1)),
  ...named("isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast", fixed(1)),
  ...named("containsIP", containsIp),
  ...named("containsCIDR", containsCidr),
  ...named("validate", ({ args: [format, text] }) =>
    format instanceof FormatValue ? matching(sizeOf(text), format.content.regexSize) : undefined,
  ),
  ...named("format.named", fixed(1)),
  ...named("sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo", fixed(1)),
  ...named("add sub major minor patch", fixed(1)),
  ...named("getScheme getHostname getHost getPort getEscapedPath getQuery", fixed(1)),
  ...named("_==_", ({ args }) => (args.length === 2 && isKubernetesValue(args[0]) ? 1 : undefined)),
]);
