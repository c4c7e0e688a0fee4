// Autoscalers as `kubectl get hpa` prints them. Upstream: pkg/printers/internalversion formatHPAMetrics.
import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from "../../../../facts/types/autoscaling.v2.ts";
import type { KubeObject } from "../../../machinery/index.ts";
import type { Column } from "../../kind.ts";
import { tableColumns } from "../columns.ts";

const shown = 2;
const unknown = "<unknown>";

/** Of a metric that has a value of its own or one for each pod. */
function ofValue(target: MetricTarget, current: MetricValueStatus | undefined): string {
  return target.averageValue === undefined
    ? `${current?.value ?? unknown}/${target.value ?? ""}`
    : `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`;
}

function ofResource(name: string, target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) return `${name}: ${current?.averageValue ?? unknown}/${target.averageValue}`;
  const percent = (value: number | undefined, otherwise: string): string =>
    value === undefined ? otherwise : `${value}%`;
  const now = percent(current?.averageUtilization, unknown);
  return `${name}: ${now}/${percent(target.averageUtilization, "<auto>")}`;
}

function metric(spec: MetricSpec, status: MetricStatus | undefined): string {
  switch (spec.type) {
    case "External":
      return ofValue(spec.external?.target ?? { type: "" }, status?.external?.current);
    case "Object":
      return ofValue(spec.object?.target ?? { type: "" }, status?.object?.current);
    case "Pods":
      return `${status?.pods?.current?.averageValue ?? unknown}/${spec.pods?.target?.averageValue ?? ""}`;
    case "Resource":
      return ofResource(spec.resource?.name ?? "", spec.resource?.target ?? { type: "" }, status?.resource?.current);
    case "ContainerResource": {
      const { name = "", target = { type: "" } } = spec.containerResource ?? {};
      return ofResource(name, target, status?.containerResource?.current);
    }
    default:
      return "<unknown type>";
  }
}

function targets({ spec, status }: HorizontalPodAutoscaler): string {
  const texts = (spec?.metrics ?? []).map((each, index) => metric(each, status?.currentMetrics?.[index]));
  if (texts.length === 0) return "<none>";
  return texts.length > shown
    ? `${texts.slice(0, shown).join(", ")} + ${texts.length - shown} more...`
    : texts.join(", ");
}

/** `toV2` gives the autoscaling/v2 form of an autoscaler of another version. */
export const autoscalerColumns = <T extends KubeObject>(
  kind: string,
  toV2: (object: T) => HorizontalPodAutoscaler,
): Column<T>[] =>
  tableColumns<T>(kind, {
    Reference: (each) => {
      const { kind: target, name } = toV2(each).spec.scaleTargetRef;
      return `${target}/${name}`;
    },
    Targets: (each) => targets(toV2(each)),
    MinPods: (each) => String(toV2(each).spec.minReplicas ?? "<unset>"),
    MaxPods: (each) => toV2(each).spec.maxReplicas ?? 0,
    Replicas: (each) => toV2(each).status?.currentReplicas ?? 0,
  });
