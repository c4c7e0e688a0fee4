// The environment of a container. Upstream: kubelet_pods.go makeEnvironmentVariables.
import type { ConfigMap, Container, EnvVar, Secret, Service } from "../../api/index.ts";
import { expand } from "./expand.ts";
import { type FieldContext, fieldValue, resourceValue } from "./fields.ts";
import { serviceVariables, visibleServices } from "./service-env.ts";

/** Objects a pod refers to. Rejects with `configmap "x" not found` when absent. */
export interface ReferencedObjects {
  configMap(namespace: string, name: string): Promise<ConfigMap>;
  secret(namespace: string, name: string): Promise<Secret>;
}

export class AbsentError extends Error {
  override readonly name = "AbsentError";
}

export interface EnvironmentInput extends FieldContext {
  readonly container: Container;
  readonly services: readonly Service[];
  readonly objects: ReferencedObjects;
  /** Text of a file in a volume, for fileKeyRef. */
  readonly fileValue: (reference: {
    readonly volumeName: string;
    readonly path: string;
    readonly key: string;
    readonly optional: boolean;
  }) => Promise<string | undefined>;
}

export interface Variable {
  readonly name: string;
  readonly value: string;
}

export async function environmentOf(input: EnvironmentInput): Promise<Variable[]> {
  const namespace = input.pod.metadata.namespace ?? "";
  const links = input.pod.spec.enableServiceLinks ?? true;
  const services = serviceVariables(visibleServices(input.services, namespace, links));
  const known = await fromSources(input, namespace);
  const out: Variable[] = [...known].map(([name, value]) => ({ name, value }));
  for (const variable of input.container.env ?? []) {
    const value = await resolve(input, variable, (name) => known.get(name) ?? services.get(name));
    if (value === undefined) continue;
    known.set(variable.name, value);
    out.push({ name: variable.name, value });
  }
  for (const [name, value] of services) if (!known.has(name)) out.push({ name, value });
  // A later definition of a name wins, at the place of the first.
  return [...new Map(out.map((each) => [each.name, each])).values()];
}

async function fromSources(input: EnvironmentInput, namespace: string): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  for (const { prefix = "", configMapRef, secretRef } of input.container.envFrom ?? []) {
    if (configMapRef !== undefined) {
      const map = await optional(input.objects.configMap(namespace, configMapRef.name ?? ""), configMapRef.optional);
      for (const [key, value] of sorted(map?.data)) known.set(prefix + key, value);
    } else if (secretRef !== undefined) {
      const secret = await optional(input.objects.secret(namespace, secretRef.name ?? ""), secretRef.optional);
      for (const [key, value] of sorted(secret?.data)) known.set(prefix + key, fromBase64(value));
    }
  }
  return known;
}

const sorted = (map: Readonly<Record<string, string>> | undefined): [string, string][] =>
  Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));

async function optional<T>(found: Promise<T>, allowed: boolean | undefined): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (allowed === true && error instanceof AbsentError) return undefined;
    throw error;
  }
}

async function resolve(
  input: EnvironmentInput,
  variable: EnvVar,
  known: (name: string) => string | undefined,
): Promise<string | undefined> {
  const from = variable.valueFrom;
  if (from === undefined) return expand(variable.value ?? "", known);
  const namespace = input.pod.metadata.namespace ?? "";
  if (from.fieldRef !== undefined) return fieldValue(from.fieldRef.fieldPath, input);
  if (from.resourceFieldRef !== undefined) return resourceValue(from.resourceFieldRef, input, input.container);
  if (from.configMapKeyRef !== undefined) {
    const { name = "", key, optional: allowed } = from.configMapKeyRef;
    const map = await optional(input.objects.configMap(namespace, name), allowed);
    const value = map?.data?.[key];
    if (value === undefined && allowed !== true)
      throw new Error(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
    return value;
  }
  if (from.secretKeyRef !== undefined) {
    const { name = "", key, optional: allowed } = from.secretKeyRef;
    const secret = await optional(input.objects.secret(namespace, name), allowed);
    const value = secret?.data?.[key];
    if (value === undefined && allowed !== true)
      throw new Error(`couldn't find key ${key} in Secret ${namespace}/${name}`);
    return value === undefined ? undefined : fromBase64(value);
  }
  if (from.fileKeyRef !== undefined)
    return input.fileValue({ ...from.fileKeyRef, optional: from.fileKeyRef.optional === true });
  return "";
}

const decoder = new TextDecoder();
const fromBase64 = (text: string): string => decoder.decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
