// Environment variables and what they are taken from.
import type {
  ContainerPort,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from "../../../../facts/types/core.v1.ts";
import {
  compareQuantities,
  configMapKey,
  dns1123Subdomain,
  field,
  portName,
  qualifiedName,
  relaxedEnvVarName,
} from "../../../machinery/index.ts";
import { noBacksteps } from "../paths.ts";
import {
  type Check,
  child,
  dnsLabel,
  dnsSubdomain,
  type Findings,
  item,
  named,
  oneOf,
  portNumber,
  required,
  unlessEmpty,
  visit,
  worthChecking,
} from "../validate.ts";

const envFields = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
/** All fields that the downward API knows at all. */
const convertibleFields: ReadonlySet<string> = new Set([
  ...envFields,
  "metadata.labels",
  "metadata.annotations",
  "spec.restartPolicy",
  "spec.schedulerName",
  "status.phase",
]);
const resourceFields = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
];

const subscripted = /^(.*)\['(.*)'\]$/;

/** A field of the pod that may be handed to its containers. */
export const fieldRef =
  (allowed: readonly string[]): Check<ObjectFieldSelector> =>
  ({ apiVersion = "", fieldPath = "" }, at, found) => {
    if (apiVersion === "") return void found.push(field.required(child(at, "apiVersion")));
    if (fieldPath === "") return void found.push(field.required(child(at, "fieldPath")));
    const [, base, key] = subscripted.exec(fieldPath) ?? [];
    const problem = conversionProblem(apiVersion, base ?? fieldPath);
    if (problem !== undefined)
      return void found.push(
        field.invalid(child(at, "fieldPath"), fieldPath, `error converting fieldPath: ${problem(fieldPath)}`),
      );
    if (base !== undefined) subscript(base, key ?? "")(at, at, found);
    else if (!allowed.includes(hostIpAlias(fieldPath)))
      found.push(field.notSupported(child(at, "fieldPath"), fieldPath, [...allowed].sort()));
  };

const hostIpAlias = (path: string): string => (path === "spec.host" ? "spec.nodeName" : path);

const subscript =
  (base: string, key: string): Check<string> =>
  (_value, at, found) => {
    if (base !== "metadata.annotations" && base !== "metadata.labels")
      found.push(field.invalid(at, base, "does not support subscript"));
    else {
      const name = base === "metadata.annotations" ? key.toLowerCase() : key;
      for (const text of qualifiedName(name)) found.push(field.invalid(at, name, text));
    }
  };

function conversionProblem(apiVersion: string, path: string): ((shown: string) => string) | undefined {
  if (apiVersion !== "v1") return () => `unsupported pod version: ${apiVersion}`;
  if (convertibleFields.has(hostIpAlias(path))) return undefined;
  return (shown) =>
    subscripted.test(shown)
      ? `field label does not support subscript: ${shown}`
      : `field label not supported: ${shown}`;
}

const powers = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

function divisorRule(resource: string): { readonly values: readonly string[]; readonly text: string } | undefined {
  const scaled = (what: string) => ({
    values: powers,
    text: `only divisor's values ${powers.join(", ")} are supported with the ${what} resource`,
  });
  if (resource.endsWith(".cpu"))
    return { values: ["1m", "1"], text: "only divisor's values 1m and 1 are supported with the cpu resource" };
  if (resource.endsWith(".memory")) return scaled("memory");
  if (resource.endsWith(".ephemeral-storage")) return scaled("local ephemeral storage");
  return /^(requests|limits)\.hugepages-/.test(resource) ? scaled("hugepages") : undefined;
}

/** A resource of a container; volumes must say which container. */
export const resourceFieldRef =
  (options: { readonly inVolume: boolean }): Check<ResourceFieldSelector> =>
  ({ containerName = "", resource = "", divisor = "0" }, at, found) => {
    if (options.inVolume && containerName === "") found.push(field.required(child(at, "containerName")));
    else if (resource === "") found.push(field.required(child(at, "resource")));
    else if (!resourceFields.includes(resource) && !/^(requests|limits)\.hugepages-/.test(resource))
      found.push(field.notSupported(child(at, "resource"), resource, resourceFields));
    const rule = divisorRule(resource);
    if (rule !== undefined && compareQuantities(divisor, "0") !== 0 && !rule.values.includes(divisor))
      found.push(field.invalid(child(at, "divisor"), resource, rule.text));
  };

const keySelector: Check<{ name?: string; key?: string }> = (value, at, found) => {
  dnsSubdomain(value.name, child(at, "name"), found);
  required(named(configMapKey))(value.key, child(at, "key"), found);
};

const fileKey: Check<NonNullable<EnvVarSource["fileKeyRef"]>> = (value, at, found) => {
  required(named(relaxedEnvVarName))(value.key, child(at, "key"), found);
  required(dnsLabel)(value.volumeName, child(at, "volumeName"), found);
  required(noBacksteps)(value.path, child(at, "path"), found);
};

const sources: { readonly [K in keyof EnvVarSource]-?: Check<NonNullable<EnvVarSource[K]>> } = {
  fieldRef: fieldRef(envFields),
  resourceFieldRef: resourceFieldRef({ inVolume: false }),
  configMapKeyRef: keySelector,
  secretKeyRef: keySelector,
  fileKeyRef: fileKey,
};

function valueFrom(variable: EnvVar, at: string, found: Findings): void {
  const from = variable.valueFrom;
  if (from === undefined) return;
  let count = 0;
  for (const name of Object.keys(sources) as (keyof EnvVarSource)[]) {
    if (from[name] === undefined) continue;
    count++;
    (sources[name] as Check<unknown>)(from[name], child(at, name), found);
  }
  if (count === 0)
    found.push(
      field.invalid(
        at,
        "",
        "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
      ),
    );
  else if (variable.value) found.push(field.invalid(at, "", "may not be specified when `value` is not empty"));
  else if (count > 1) found.push(field.invalid(at, "", "may not have more than one field specified at a time"));
}

const envName = required(named(relaxedEnvVarName));

const envVar: Check<EnvVar> = (variable, at, found) => {
  envName(variable.name, child(at, "name"), found);
  if (variable.valueFrom !== undefined) valueFrom(variable, child(at, "valueFrom"), found);
};

/** All variables of a list. Where nothing can be wrong the path of it is not written. */
export const envVars: Check<readonly EnvVar[] | undefined | null> = (list, at, found) =>
  visit(list, found, (variable, index) => {
    const { name, valueFrom } = variable;
    if (valueFrom === undefined && name && relaxedEnvVarName(name).length === 0) return;
    envVar(variable, item(at, index), found);
  });

/** Here the empty name is a missing value, and a name may end in a dash. */
const sourceName: Check<{ name?: string }> = ({ name = "" }, at, found) => {
  const masked = name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;
  if (name === "") found.push(field.required(child(at, "name")));
  else for (const text of dns1123Subdomain(masked)) found.push(field.invalid(child(at, "name"), name, text));
};

/** `at` is the list: upstream reports the number of sources there. */
export const envFrom: Check<readonly EnvFromSource[] | undefined> = (list, at, found) => {
  if (!list) return;
  for (const [index, source] of worthChecking(list, found)) {
    const path = item(at, index);
    unlessEmpty(named(relaxedEnvVarName))(source.prefix, child(path, "prefix"), found);
    let count = 0;
    for (const name of ["configMapRef", "secretRef"] as const) {
      const reference = source[name];
      if (reference === undefined) continue;
      count++;
      sourceName(reference, child(path, name), found);
    }
    if (count === 0) found.push(field.invalid(at, "", "must specify one of: `configMapRef` or `secretRef`"));
    else if (count > 1) found.push(field.invalid(at, "", "may not have more than one field specified at a time"));
  }
};

const protocol = required(oneOf("SCTP", "TCP", "UDP"));

export const containerPorts: Check<readonly ContainerPort[] | undefined> = (list, at, found) => {
  if (!list) return;
  const names = new Set<string>();
  visit(list, found, (port, index) => {
    const path = item(at, index);
    if (port.name) {
      const texts = portName(port.name);
      for (const text of texts) found.push(field.invalid(child(path, "name"), port.name, text));
      if (texts.length === 0 && names.has(port.name)) found.push(field.duplicate(child(path, "name"), port.name));
      if (texts.length === 0) names.add(port.name);
    }
    if (!port.containerPort) found.push(field.required(child(path, "containerPort")));
    else portNumber(port.containerPort, child(path, "containerPort"), found);
    if (port.hostPort) portNumber(port.hostPort, child(path, "hostPort"), found);
    protocol(port.protocol, child(path, "protocol"), found);
  });
};
