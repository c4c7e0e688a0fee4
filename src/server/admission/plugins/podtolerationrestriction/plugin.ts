// Tolerations that a namespace gives its pods, and which ones they may have. Upstream: plugin/pkg/admission/podtolerationrestriction.
import { type Namespace, type Pod, pods, type Toleration } from "../../../../api/index.ts";
import { isObject, notFound, parseJson, StatusError } from "../../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf } from "../../framework.ts";
import { findNamespace } from "../../lib/namespaces.ts";
import { allAllowed, mergeTolerations } from "../../lib/tolerations.ts";
import { isWrite } from "../../lib/writes.ts";

const prefix = "scheduler.alpha.kubernetes.io/";
const memoryPressure: Toleration = {
  key: "node.kubernetes.io/memory-pressure",
  operator: "Exists",
  effect: "NoSchedule",
};

export function createPodTolerationRestriction({ reader, pluginConfiguration }: AdmissionHost): AdmissionPlugin {
  const ofCluster = readConfiguration(pluginConfiguration?.("PodTolerationRestriction"));
  const namespaceOf = async ({ namespace: name }: AdmissionAttributes): Promise<Namespace> => {
    const found = await findNamespace(reader, name);
    if (found === undefined) throw notFound({ group: "", resource: "namespaces" }, name);
    return found;
  };
  const check = (attributes: AdmissionAttributes, namespace: Namespace): void => {
    const { tolerations = [] } = draftOf<Pod>(attributes).spec;
    if (tolerations.length === 0) return;
    const own = annotated(namespace, "tolerationsWhitelist");
    if (!allAllowed(tolerations, own ?? ofCluster.allowed))
      throw new StatusError({
        code: 500,
        message: `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${own === undefined ? "cluster" : "namespace"} whitelist`,
      });
  };
  return {
    name: "PodTolerationRestriction",
    handles: (attributes) => isWrite(attributes, pods),
    async admit(attributes) {
      const namespace = await namespaceOf(attributes);
      const { spec } = draftOf<Pod>(attributes);
      const extra = [
        ...(attributes.operation === "CREATE"
          ? (annotated(namespace, "defaultTolerations") ?? ofCluster.defaults)
          : []),
        ...(isBestEffort(spec) ? [] : [memoryPressure]),
      ];
      if (extra.length > 0) spec.tolerations = mergeTolerations(spec.tolerations ?? [], extra);
      check(attributes, namespace);
    },
    validate: async (attributes) => check(attributes, await namespaceOf(attributes)),
  };
}

const isBestEffort = (spec: Pod["spec"]): boolean =>
  [{ resources: spec.resources }, ...(spec.containers ?? []), ...(spec.initContainers ?? [])].every(({ resources }) =>
    Object.entries({ ...resources?.requests, ...resources?.limits }).every(
      ([name, amount]) => (name !== "cpu" && name !== "memory") || amount === "0",
    ),
  );

/** Undefined without the annotation. Throws 500 for what is no list of tolerations. */
function annotated({ metadata }: Namespace, name: string): readonly Toleration[] | undefined {
  const text = metadata.annotations?.[prefix + name];
  if (text === undefined) return undefined;
  if (text === "") return [];
  try {
    const list = parseJson(text).value;
    if (list === null) return [];
    if (Array.isArray(list) && list.every(isObject)) return list as Toleration[];
  } catch (error) {
    throw new StatusError({ code: 500, message: (error as Error).message });
  }
  throw new StatusError({ code: 500, message: `annotation ${prefix}${name} is no list of tolerations` });
}

interface ClusterTolerations {
  readonly defaults: readonly Toleration[];
  readonly allowed: readonly Toleration[];
}

function readConfiguration(document: unknown): ClusterTolerations {
  if (document === undefined) return { defaults: [], allowed: [] };
  if (
    !isObject(document) ||
    document["apiVersion"] !== "podtolerationrestriction.admission.k8s.io/v1alpha1" ||
    document["kind"] !== "Configuration"
  )
    throw new Error(
      "PodTolerationRestriction configuration must be a Configuration of podtolerationrestriction.admission.k8s.io/v1alpha1",
    );
  const list = (key: string): readonly Toleration[] => {
    const value = document[key] ?? [];
    if (!Array.isArray(value)) throw new Error(`PodTolerationRestriction configuration: ${key} must be a list`);
    return value as Toleration[];
  };
  return { defaults: list("default"), allowed: list("whitelist") };
}
