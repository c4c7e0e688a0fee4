// What a plugin's document of --admission-control-config-file says of a directory of manifests.
// Upstream: apiserver's plugin/webhook/config, plugin/policy/config, plugin/manifest/validation.go.
import { isObject, quoteGo } from "../../../machinery/index.ts";
import type { AdmissionHost, KubeconfigUsers, ManifestDirectory } from "../../contract.ts";

export const manifestGate = "ManifestBasedAdmissionControlConfig";

const version = "apiserver.config.k8s.io/v1";

interface Expected {
  readonly plugin: string;
  /** Kinds that the document may be, by `apiVersion/kind`, with their fields. */
  readonly documents: Readonly<Record<string, readonly string[]>>;
}

const common = ["apiVersion", "kind"];

export const webhookDocuments = {
  [`${version}/WebhookAdmissionConfiguration`]: [...common, "kubeConfigFile", "staticManifestsDir"],
  "apiserver.config.k8s.io/v1alpha1/WebhookAdmission": [...common, "kubeConfigFile"],
};

export const policyDocuments = (plugin: string): Expected["documents"] => ({
  [`${version}/${plugin}Configuration`]: [...common, "staticManifestsDir"],
});

export interface OpenedDirectory {
  readonly path: string;
  readonly directory: ManifestDirectory;
}

/** Undefined when the plugin is told of none. Throws Error with upstream's text for a document that cannot be used. */
export function openConfigured(host: AdmissionHost, expected: Expected): OpenedDirectory | undefined {
  const document = documentOf(host, expected);
  const path = textOf(document?.["staticManifestsDir"], "staticManifestsDir");
  return path === "" ? undefined : { path, directory: open(host, path) };
}

/** Who the server is towards webhooks; undefined when no kubeconfig says so. Throws Error for one that cannot be used. */
export function configuredUsers(host: AdmissionHost, plugin: string): KubeconfigUsers | undefined {
  const path = textOf(documentOf(host, { plugin, documents: webhookDocuments })?.["kubeConfigFile"], "kubeConfigFile");
  if (path === "") return undefined;
  if (!path.startsWith("/")) throw new Error(invalid("kubeConfigFile", path, "must be an absolute file path"));
  if (host.kubeconfigUsers === undefined) throw new Error("kubeConfigFile: there are no files here");
  return host.kubeconfigUsers(path);
}

function documentOf(
  { pluginConfiguration }: AdmissionHost,
  { plugin, documents }: Expected,
): Readonly<Record<string, unknown>> | undefined {
  const document = pluginConfiguration?.(plugin);
  if (document === undefined) return undefined;
  if (!isObject(document) || !document["kind"]) throw new Error("Object 'Kind' is missing");
  const { apiVersion, kind } = document;
  const fields = documents[`${String(apiVersion)}/${String(kind)}`];
  if (fields === undefined)
    throw new Error(`no kind ${quoteGo(String(kind))} is registered for version ${quoteGo(String(apiVersion ?? ""))}`);
  const strange = Object.keys(document).filter((key) => !fields.includes(key));
  if (strange.length > 0)
    throw new Error(`strict decoding error: ${strange.map((key) => `unknown field ${quoteGo(key)}`).join(", ")}`);
  return document;
}

function open({ featureEnabled, manifestDirectory }: AdmissionHost, path: string): ManifestDirectory {
  if (!featureEnabled(manifestGate))
    throw new Error(
      `staticManifestsDir: Forbidden: staticManifestsDir requires the ${manifestGate} feature gate to be enabled`,
    );
  if (!path.startsWith("/")) throw new Error(invalid("staticManifestsDir", path, "must be an absolute file path"));
  if (manifestDirectory === undefined) throw new Error("staticManifestsDir: there are no files here");
  try {
    return manifestDirectory(path);
  } catch (error) {
    throw new Error(invalid("staticManifestsDir", path, (error as Error).message), { cause: error });
  }
}

const invalid = (field: string, value: string, why: string): string =>
  `${field}: Invalid value: ${quoteGo(value)}: ${why}`;

function textOf(value: unknown, field: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw new Error(`${field} must be a text, not ${JSON.stringify(value)}`);
  return value;
}
