// The plugin's configuration: what namespaces without labels get, and who is exempt.
// Upstream: pod-security-admission's admission/api (pod-security.admission.config.k8s.io/v1).
import { dns1123Label, dns1123Subdomain, type FieldError, field, isObject } from "../../../../machinery/index.ts";
import {
  type LevelVersion,
  latest,
  levelError,
  type Mode,
  type Policy,
  parseLevel,
  parseVersion,
  versionError,
} from "./policy.ts";

export interface PodSecurityConfiguration {
  readonly defaults: Policy;
  readonly exemptions: {
    readonly namespaces: readonly string[];
    readonly runtimeClasses: readonly string[];
    readonly usernames: readonly string[];
  };
}

const group = "pod-security.admission.config.k8s.io";
const versions = ["v1", "v1beta1", "v1alpha1"];
const privileged: LevelVersion = { level: "privileged", version: latest };

const defaultConfiguration: PodSecurityConfiguration = {
  defaults: { enforce: privileged, audit: privileged, warn: privileged },
  exemptions: { namespaces: [], runtimeClasses: [], usernames: [] },
};

/** Throws Error that names every wrong field. */
export function readConfiguration(document: unknown): PodSecurityConfiguration {
  if (document === undefined) return defaultConfiguration;
  if (
    !isObject(document) ||
    document["kind"] !== "PodSecurityConfiguration" ||
    !versions.some((version) => document["apiVersion"] === `${group}/${version}`)
  )
    throw new Error(
      `PodSecurity configuration must be a PodSecurityConfiguration of ${versions.map((version) => `${group}/${version}`).join(", ")}`,
    );
  const errors: FieldError[] = [];
  const defaults = section(document, "defaults");
  const exemptions = section(document, "exemptions");
  const read = (mode: Mode): LevelVersion => readMode(defaults, mode, errors);
  const configuration = {
    defaults: { enforce: read("enforce"), warn: read("warn"), audit: read("audit") },
    exemptions: {
      namespaces: names(exemptions, { key: "namespaces", check: dns1123Label }, errors),
      runtimeClasses: names(exemptions, { key: "runtimeClasses", check: dns1123Subdomain }, errors),
      usernames: names(
        exemptions,
        { key: "usernames", check: (name) => (name === "" ? ["username must not be empty"] : []) },
        errors,
      ),
    },
  };
  if (errors.length > 0)
    throw new Error(`PodSecurity invalid: ${errors.map((error) => `${error.field}: ${error.message}`).join(", ")}`);
  return configuration;
}

function section(document: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const value = document[key] ?? {};
  if (!isObject(value)) throw new Error(`PodSecurity configuration: ${key} must be an object`);
  return value;
}

function readMode(defaults: Readonly<Record<string, unknown>>, mode: Mode, errors: FieldError[]): LevelVersion {
  const levelText = String(defaults[mode] || "privileged");
  const versionName = String(defaults[`${mode}-version`] || "latest");
  const [level, version] = [parseLevel(levelText), parseVersion(versionName)];
  if (level === undefined) errors.push(field.invalid(`defaults.${mode}`, levelText, levelError));
  if (version === undefined) errors.push(field.invalid(`defaults.${mode}-version`, versionName, versionError));
  return { level: level ?? "restricted", version: version ?? latest };
}

interface NameRule {
  readonly key: string;
  readonly check: (name: string) => readonly string[];
}

function names(
  exemptions: Readonly<Record<string, unknown>>,
  { key, check }: NameRule,
  errors: FieldError[],
): readonly string[] {
  const list = exemptions[key] ?? [];
  if (!Array.isArray(list)) throw new Error(`PodSecurity configuration: exemptions.${key} must be a list`);
  const seen = new Set<string>();
  for (const [index, each] of list.entries()) {
    const name = String(each);
    const path = `exemptions.${key}[${index}]`;
    const wrong = check(name);
    if (wrong.length > 0) errors.push(field.invalid(path, name, wrong.join(", ")));
    else if (seen.has(name)) errors.push(field.duplicate(path, name));
    else seen.add(name);
  }
  return [...seen];
}
