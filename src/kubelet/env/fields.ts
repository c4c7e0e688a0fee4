// Values of fieldRef and resourceFieldRef, in variables and in downward API volumes. Upstream: pkg/fieldpath,
// kubelet_pods.go podFieldSelectorRuntimeValue, k8s.io/component-helpers/resource ExtractContainerResourceValue.
import type { Container, Pod, ResourceFieldSelector } from "../../api/index.ts";
import { parseQuantity } from "../../machinery/index.ts";
import { findContainer } from "../pod.ts";
import type { ResourceList } from "../resources/requests.ts";

export interface FieldContext {
  readonly pod: Pod;
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
  /** What the node can give: the limit of a container that has none. */
  readonly allocatable: ResourceList;
}

/** Text of a map as files of the downward API hold it: `key="value"` lines, sorted by key. */
const mapText = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.keys(map ?? {})
    .sort()
    .map((key) => `${key}=${goQuote(map![key]!)}`)
    .join("\n");

/** As strconv.Quote writes it. */
function goQuote(text: string): string {
  return JSON.stringify(text)
    .replace(/\\b/g, "\\b")
    .replace(/\\u00([0-9a-f]{2})/g, "\\x$1");
}

export function fieldValue(path: string, context: FieldContext): string {
  const { pod } = context;
  const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/.exec(path);
  if (subscript !== null)
    return (subscript[1] === "metadata.labels" ? pod.metadata.labels : pod.metadata.annotations)?.[subscript[2]!] ?? "";
  switch (path) {
    case "metadata.name":
      return pod.metadata.name;
    case "metadata.namespace":
      return pod.metadata.namespace ?? "";
    case "metadata.uid":
      return pod.metadata.uid;
    case "metadata.labels":
      return mapText(pod.metadata.labels);
    case "metadata.annotations":
      return mapText(pod.metadata.annotations);
    case "spec.nodeName":
      return pod.spec.nodeName ?? "";
    case "spec.serviceAccountName":
      return pod.spec.serviceAccountName ?? "";
    case "status.hostIP":
      return context.hostIps[0] ?? "";
    case "status.hostIPs":
      return context.hostIps.join(",");
    case "status.podIP":
      return context.podIps[0] ?? "";
    case "status.podIPs":
      return context.podIps.join(",");
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}

/** `container` is the one asking; the selector may name another. */
export function resourceValue(selector: ResourceFieldSelector, context: FieldContext, container?: Container): string {
  const name = selector.containerName;
  const found = name ? findContainer(context.pod, name)?.container : container;
  if (found === undefined) throw new Error(`container ${name ?? ""} not found`);
  const [part, ...rest] = selector.resource.split(".");
  const resource = rest.join(".");
  if (part !== "limits" && part !== "requests")
    throw new Error(`unsupported container resource : ${selector.resource}`);
  const own = found.resources?.[part]?.[resource];
  const fallback = part === "limits" ? context.allocatable[resource] : undefined;
  return divided(
    String(own ?? fallback ?? "0"),
    selector.divisor === undefined ? "0" : String(selector.divisor),
    resource,
  );
}

/** amount / divisor, rounded up; a divisor of 0 means one whole unit. */
function divided(amount: string, divisor: string, resource: string): string {
  const by = parseQuantity(divisor);
  const unit = by.unscaled === 0n ? { unscaled: 1n, scale: 0 } : by;
  const value = parseQuantity(amount);
  // CPU is compared in thousandths, everything else in whole units, as upstream does.
  const scale = resource === "cpu" ? 3 : 0;
  const upper = ceilAt(value, scale);
  const lower = ceilAt(unit, scale);
  return ((upper + lower - 1n) / lower).toString();
}

function ceilAt(value: { readonly unscaled: bigint; readonly scale: number }, scale: number): bigint {
  const shift = scale - value.scale;
  if (shift >= 0) return value.unscaled * 10n ** BigInt(shift);
  const by = 10n ** BigInt(-shift);
  return (value.unscaled + by - 1n) / by;
}
