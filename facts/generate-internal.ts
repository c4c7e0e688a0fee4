// Makes internal-types.json: how the types behind all API versions print in error texts (Go's JSON of structs without tags).
//
//   node facts/generate-internal.ts KUBERNETES_DIR API_DIR     (sources of k8s.io/kubernetes and k8s.io/api v1.36)
//
// A type is a list of fields in their order: [printed name, name in the API when it is not the same with a small letter, type]. Types: s text, n number, b boolean,
// q quantity, i int-or-string, o anything that prints as it is in the API or is null, *T pointer, []T list, {}T map, +T the
// fields of T in this place, any other word a type of the table. Only what error texts show is here: see `roots`.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [kubernetes, api] = process.argv.slice(2);
if (kubernetes === undefined || api === undefined) {
  console.error("usage: node facts/generate-internal.ts KUBERNETES_DIR API_DIR");
  process.exit(2);
}

/** Internal packages and the version their fields' API names come from. */
const packages: Readonly<Record<string, string>> = {
  core: "core/v1",
  apps: "apps/v1",
  autoscaling: "autoscaling/v2",
  batch: "batch/v1",
  certificates: "certificates/v1",
  discovery: "discovery/v1",
  flowcontrol: "flowcontrol/v1",
  networking: "networking/v1",
  node: "node/v1",
  policy: "policy/v1",
  rbac: "rbac/v1",
  resource: "resource/v1",
  scheduling: "scheduling/v1",
  storage: "storage/v1",
};
/** Versions with types that the first one does not have. */
const besides: Readonly<Record<string, readonly string[]>> = { certificates: ["certificates/v1beta1"] };
const roots = [
  "core.PodSpec",
  "core.PodStatus",
  "core.PersistentVolumeSpec",
  "core.PersistentVolumeClaimSpec",
  "core.ServiceSpec",
  "core.NodeSpec",
  "core.LimitRangeSpec",
  "core.ResourceQuotaSpec",
  "core.Event",
  "core.EndpointSubset",
  "apps.DaemonSetSpec",
  "apps.DeploymentSpec",
  "apps.StatefulSetSpec",
  "autoscaling.HorizontalPodAutoscalerSpec",
  "batch.CronJobSpec",
  "batch.JobSpec",
  "batch.JobStatus",
  "certificates.CertificateSigningRequestCondition",
  "certificates.PodCertificateRequestSpec",
  "discovery.Endpoint",
  "discovery.EndpointPort",
  "flowcontrol.FlowSchemaSpec",
  "flowcontrol.PriorityLevelConfigurationSpec",
  "networking.IngressSpec",
  "networking.IngressClassSpec",
  "networking.IPAddressSpec",
  "networking.NetworkPolicySpec",
  "networking.ServiceCIDRSpec",
  "node.RuntimeClass",
  "policy.PodDisruptionBudgetSpec",
  "rbac.PolicyRule",
  "rbac.RoleRef",
  "rbac.Subject",
  "resource.AllocationResult",
  "resource.DeviceAttribute",
  "resource.ResourceClaimSpec",
  "resource.ResourceClaimTemplateSpec",
  "storage.CSIDriverSpec",
  "storage.CSINodeSpec",
  "storage.StorageClass",
  "storage.VolumeAttachmentSpec",
];

/** Fields whose Go names differ between the two. `^name` is a field of the object around it. */
const renamed: Readonly<Record<string, string>> = {
  "core.AzureDiskVolumeSource.DataDiskURI": "diskURI",
  "core.PodSecurityContext.HostNetwork": "^hostNetwork",
  "core.PodSecurityContext.HostPID": "^hostPID",
  "core.PodSecurityContext.HostIPC": "^hostIPC",
  "core.PodSecurityContext.ShareProcessNamespace": "^shareProcessNamespace",
  "core.PodSecurityContext.HostUsers": "^hostUsers",
};

interface GoField {
  readonly name: string;
  readonly type: string;
  readonly tag: string;
  readonly embedded: boolean;
}
type Structs = ReadonlyMap<string, readonly GoField[]>;
interface Source {
  readonly structs: Structs;
  /** `type X Y` where Y is no struct. */
  readonly others: ReadonlyMap<string, string>;
}

function parse(files: readonly string[]): Source {
  const structs = new Map<string, GoField[]>();
  const others = new Map<string, string>();
  let current: GoField[] | undefined;
  for (const line of files
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, "utf8").split("\n"))) {
    const start = /^type (\w+) struct \{(\})?/.exec(line);
    if (start !== null) {
      const fields: GoField[] = [];
      structs.set(start[1]!, fields);
      current = start[2] === undefined ? fields : undefined;
      continue;
    }
    if (line.startsWith("}")) current = undefined;
    const other = /^type (\w+) =? ?([\w.[\]*]+)$/.exec(line.replace(/\s*\/\/.*$/, ""));
    if (other !== null) others.set(other[1]!, other[2]!);
    if (current === undefined) continue;
    const field = /^\t(\w+)\s+([^\s`/]+)\s*(?:`([^`]*)`)?\s*(?:\/\/.*)?$/.exec(line);
    if (field !== null) current.push({ name: field[1]!, type: field[2]!, tag: field[3] ?? "", embedded: false });
    const embedded = /^\t(\*?[\w.]+)\s*(?:`([^`]*)`)?\s*(?:\/\/.*)?$/.exec(line);
    if (embedded !== null)
      current.push({ name: embedded[1]!, type: embedded[1]!, tag: embedded[2] ?? "", embedded: true });
  }
  return { structs, others };
}

const internal = new Map<string, Source>();
const external = new Map<string, Source>();
for (const [name, version] of Object.entries(packages)) {
  internal.set(name, parse([join(kubernetes, "pkg/apis", name, "types.go")]));
  external.set(name, parse([...(besides[name] ?? []), version].map((each) => join(api, each, "types.go"))));
}

const jsonName = (tag: string): string => /json:"([^",]*)/.exec(tag)?.[1] ?? "";

const plain: Readonly<Record<string, string>> = {
  string: "s",
  bool: "b",
  int: "n",
  int32: "n",
  int64: "n",
  uint: "n",
  byte: "n",
  float64: "n",
  "resource.Quantity": "q",
  "intstr.IntOrString": "i",
  "types.UID": "s",
};

function typeOf(text: string, where: string): string {
  if (text.startsWith("*")) return `*${typeOf(text.slice(1), where)}`;
  if (text === "[]byte") return "o";
  if (text.startsWith("[]")) return `[]${typeOf(text.slice(2), where)}`;
  const map = /^map\[[\w.]+\](.*)$/.exec(text);
  if (map !== null) return `{}${typeOf(map[1]!, where)}`;
  if (plain[text] !== undefined) return plain[text];
  const [pack, name] = text.includes(".") ? (text.split(".") as [string, string]) : [where, text];
  const home = pack === "api" ? "core" : pack;
  const source = internal.get(home);
  if (source === undefined) return "o";
  const other = source.others.get(name);
  if (other !== undefined) return typeOf(other, home);
  if (!source.structs.has(name)) throw new Error(`${home}.${name} is not among the types that were read`);
  return `${home}.${name}`;
}

/** Names of a struct's fields in the API, those of embedded structs among them. */
function apiNames(pack: string, struct: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const field of external.get(pack)?.structs.get(struct) ?? []) {
    if (!field.embedded) names.set(field.name, jsonName(field.tag));
    else if (!field.name.includes(".")) for (const [name, own] of apiNames(pack, field.name)) names.set(name, own);
  }
  return names;
}

const lowered = (name: string): string => `${name[0]!.toLowerCase()}${name.slice(1)}`;
const table: Record<string, (readonly [string, string, string])[]> = {};

function add(type: string): void {
  const own = type.replace(/^(\*|\[\]|\{\}|\+)+/, "");
  if (!own.includes(".") || table[own] !== undefined) return;
  const [pack, struct] = own.split(".") as [string, string];
  const fields = internal.get(pack)?.structs.get(struct);
  if (fields === undefined) throw new Error(`there is no type ${own}`);
  const names = apiNames(pack, struct);
  const rows: (readonly [string, string, string])[] = [];
  table[own] = rows;
  for (const field of fields) {
    if (field.embedded) {
      if (field.name === "metav1.TypeMeta" || field.name === "metav1.ListMeta") continue;
      rows.push(field.name === "metav1.ObjectMeta" ? ["", "metadata", "+"] : ["", "", `+${typeOf(field.name, pack)}`]);
    } else {
      const shown = jsonName(field.tag) || field.name;
      if (shown === "-") continue;
      const name = renamed[`${own}.${field.name}`] ?? names.get(field.name) ?? lowered(field.name);
      const optional = field.tag.includes(",omitempty") ? "?" : "";
      rows.push([`${shown}${optional}`, name === lowered(shown) ? "" : name, typeOf(field.type, pack)]);
    }
    add(rows.at(-1)![2]);
  }
}
for (const root of roots) add(root);

const lines = Object.keys(table)
  .sort()
  .map((name) => `${JSON.stringify(name)}:${JSON.stringify(table[name])}`);
writeFileSync(join(here, "internal-types.json"), `{\n${lines.join(",\n")}\n}\n`);
