// The file of --admission-control-config-file: what each plugin is told. Upstream: apiserver's pkg/admission/config.go and
// apiserver.config.k8s.io/v1 AdmissionConfiguration; two plugins also take the file itself, in the form before there was one.
import { fromYaml, isObject } from "../../machinery/index.ts";

const group = "apiserver.config.k8s.io";
const versions = ["apiserver.config.k8s.io/v1", "apiserver.k8s.io/v1alpha1"];
const legacy: Readonly<Record<string, string>> = {
  imagePolicy: "ImagePolicyWebhook",
  podNodeSelectorPluginConfig: "PodNodeSelector",
};

export interface AdmissionConfigurationFile {
  readonly text: string;
  /** The text of another file that the first one names; relative paths are relative to it. */
  readonly read: (path: string) => string;
}

/** Documents by the name of their plugin. Throws Error that says what is wrong with the file. */
export function readAdmissionConfiguration({ text, read }: AdmissionConfigurationFile): Record<string, unknown> {
  const document = only(text, "admission control configuration");
  if (document["kind"] === undefined && document["apiVersion"] === undefined) return readLegacy(document);
  if (document["kind"] !== "AdmissionConfiguration" || !versions.some((version) => version === document["apiVersion"]))
    throw new Error(
      `failed to read plugin config: no kind "${document["kind"]}" is registered for version "${document["apiVersion"]}"; there is AdmissionConfiguration of ${group}/v1`,
    );
  const strange = Object.keys(document).find((key) => !["apiVersion", "kind", "plugins"].includes(key));
  if (strange !== undefined)
    throw new Error(`failed to read plugin config: strict decoding error: unknown field "${strange}"`);
  const plugins = document["plugins"] ?? [];
  if (!Array.isArray(plugins)) throw new Error("failed to read plugin config: plugins must be a list");
  const found: Record<string, unknown> = {};
  for (const [index, plugin] of plugins.entries()) {
    if (!isObject(plugin) || typeof plugin["name"] !== "string")
      throw new Error(`failed to read plugin config: plugins[${index}] has no name`);
    const { name, path, configuration } = plugin as { name: string; path?: unknown; configuration?: unknown };
    if (Object.hasOwn(found, name)) continue;
    if (configuration !== undefined && configuration !== null) found[name] = configuration;
    else if (typeof path === "string" && path !== "") found[name] = only(read(path), `configuration of ${name}`);
  }
  return found;
}

function readLegacy(document: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (!Object.keys(legacy).some((key) => document[key] !== undefined))
    throw new Error("failed to read plugin config: Object 'Kind' is missing");
  return Object.fromEntries(Object.values(legacy).map((name) => [name, document]));
}

function only(text: string, what: string): Readonly<Record<string, unknown>> {
  const documents = fromYaml(text);
  const [first] = documents;
  if (documents.length !== 1 || !isObject(first)) throw new Error(`${what} must be one YAML or JSON object`);
  return first;
}
