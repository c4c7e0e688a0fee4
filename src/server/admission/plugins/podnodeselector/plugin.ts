// Pods run where their namespace may: its selector is merged into theirs. Upstream: plugin/pkg/admission/podnodeselector.
import { type Namespace, type Pod, pods } from "../../../../api/index.ts";
import { forbidden, isObject, labelValue, notFound, qualifiedName, StatusError } from "../../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf, isMain } from "../../framework.ts";
import { findNamespace } from "../../lib/namespaces.ts";

const annotation = "scheduler.alpha.kubernetes.io/node-selector";
const clusterDefault = "clusterDefaultNodeSelector";

type Selector = Readonly<Record<string, string>>;

export function createPodNodeSelector({ reader, pluginConfiguration }: AdmissionHost): AdmissionPlugin {
  const selectors = readConfiguration(pluginConfiguration?.("PodNodeSelector"));
  const selectorOf = async ({ namespace: name }: AdmissionAttributes): Promise<Selector> => {
    const namespace: Namespace | undefined = await findNamespace(reader, name);
    if (namespace === undefined) throw notFound({ group: "", resource: "namespaces" }, name);
    return parseSelector(namespace.metadata.annotations?.[annotation] ?? selectors[clusterDefault] ?? "");
  };
  const check = (attributes: AdmissionAttributes, ofNamespace: Selector): void => {
    const { metadata, spec } = draftOf<Pod>(attributes);
    const own = spec.nodeSelector ?? {};
    if (Object.keys(own).some((key) => ofNamespace[key] !== undefined && ofNamespace[key] !== own[key]))
      throw forbidden(pods, metadata.name, "pod node label selector conflicts with its namespace node label selector");
  };
  const checkAllowed = (attributes: AdmissionAttributes): void => {
    const { metadata, spec } = draftOf<Pod>(attributes);
    const allowed = parseSelector(selectors[attributes.namespace] ?? "");
    if (Object.keys(allowed).length === 0) return;
    if (Object.entries(spec.nodeSelector ?? {}).some(([key, value]) => allowed[key] !== value))
      throw forbidden(pods, metadata.name, "pod node label selector labels conflict with its namespace whitelist");
  };
  return {
    name: "PodNodeSelector",
    handles: (attributes) => attributes.operation === "CREATE" && isMain(attributes, pods),
    async admit(attributes) {
      const ofNamespace = await selectorOf(attributes);
      check(attributes, ofNamespace);
      const { spec } = draftOf<Pod>(attributes);
      if (Object.keys(ofNamespace).length > 0) spec.nodeSelector = { ...ofNamespace, ...spec.nodeSelector };
      checkAllowed(attributes);
    },
    async validate(attributes) {
      check(attributes, await selectorOf(attributes));
      checkAllowed(attributes);
    },
  };
}

/** `key=value,…`; throws 500 for what is none, as upstream answers it. */
function parseSelector(text: string): Selector {
  if (text === "") return {};
  const selector: Record<string, string> = {};
  for (const part of text.split(",")) {
    const pair = part.split("=");
    const [key, value] = pair.map((each) => each.trim());
    if (pair.length !== 2) throw new StatusError({ code: 500, message: `invalid selector: [${pair.join(" ")}]` });
    const wrongKey = qualifiedName(key!);
    if (wrongKey.length > 0)
      throw new StatusError({
        code: 500,
        message: `<nil>: Invalid value: ${JSON.stringify(key)}: ${wrongKey.join("; ")}`,
      });
    const wrongValue = labelValue(value!);
    if (wrongValue.length > 0)
      throw new StatusError({
        code: 500,
        message: `[${key}]: Invalid value: ${JSON.stringify(value)}: ${wrongValue.join("; ")}`,
      });
    selector[key!] = value!;
  }
  return selector;
}

function readConfiguration(document: unknown): Selector {
  if (document === undefined) return {};
  const section = isObject(document) ? (document["podNodeSelectorPluginConfig"] ?? {}) : undefined;
  if (!isObject(section))
    throw new Error("PodNodeSelector configuration must have podNodeSelectorPluginConfig, an object of selectors");
  return Object.fromEntries(Object.entries(section).map(([key, value]) => [key, String(value ?? "")]));
}
