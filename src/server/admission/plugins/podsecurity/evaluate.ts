// Which checks each level has in which version, and what they find. Upstream: pod-security-admission's policy/registry.go.
import * as baseline from "./baseline.ts";
import type { Level, LevelVersion, PolicyVersion } from "./policy.ts";
import * as restricted from "./restricted.ts";
import { type Check, inUserNamespace, isWindows, type PodLike, unless, type Violation } from "./text.ts";

interface VersionedCheck {
  readonly id: string;
  readonly level: Exclude<Level, "privileged">;
  /** By the first minor that has it, ascending. */
  readonly from: readonly (readonly [minor: PolicyVersion, check: Check])[];
  /** A baseline check that a restricted one takes the place of. */
  readonly overrides?: string;
}

const firstSysctls = [
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_unprivileged_port_start",
];
const reservedPorts = ["net.ipv4.ip_local_reserved_ports"];
const keepalive = [
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
];
const buffers = ["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"];

/** Baseline first, each level by id: the order of the findings in a message. */
const checks: readonly VersionedCheck[] = [
  { id: "appArmorProfile", level: "baseline", from: [[0, baseline.appArmorProfile]] },
  { id: "capabilities_baseline", level: "baseline", from: [[0, baseline.capabilitiesBaseline]] },
  { id: "hostNamespaces", level: "baseline", from: [[0, baseline.hostNamespaces]] },
  { id: "hostPathVolumes", level: "baseline", from: [[0, baseline.hostPathVolumes]] },
  { id: "hostPorts", level: "baseline", from: [[0, baseline.hostPorts]] },
  { id: "hostProbesAndHostLifecycle", level: "baseline", from: [[34, baseline.hostProbesAndLifecycle]] },
  { id: "privileged", level: "baseline", from: [[0, baseline.privileged]] },
  {
    id: "procMount",
    level: "baseline",
    from: [
      [0, baseline.procMount],
      [35, unless(inUserNamespace, baseline.procMount)],
    ],
  },
  {
    id: "seLinuxOptions",
    level: "baseline",
    from: [
      [0, baseline.seLinuxOptions()],
      [31, baseline.seLinuxOptions("container_engine_t")],
    ],
  },
  {
    id: "seccompProfile_baseline",
    level: "baseline",
    from: [
      [0, baseline.seccompAnnotations],
      [19, baseline.seccompProfile],
    ],
  },
  {
    id: "sysctls",
    level: "baseline",
    from: [
      [0, baseline.sysctls(firstSysctls)],
      [27, baseline.sysctls([...firstSysctls, ...reservedPorts])],
      [29, baseline.sysctls([...firstSysctls, ...reservedPorts, ...keepalive])],
      [32, baseline.sysctls([...firstSysctls, ...reservedPorts, ...keepalive, ...buffers])],
    ],
  },
  { id: "windowsHostProcess", level: "baseline", from: [[0, baseline.windowsHostProcess]] },
  {
    id: "allowPrivilegeEscalation",
    level: "restricted",
    from: [
      [8, restricted.allowPrivilegeEscalation],
      [25, unless(isWindows, restricted.allowPrivilegeEscalation)],
    ],
  },
  {
    id: "capabilities_restricted",
    level: "restricted",
    overrides: "capabilities_baseline",
    from: [
      [22, restricted.capabilitiesRestricted],
      [25, unless(isWindows, restricted.capabilitiesRestricted)],
    ],
  },
  { id: "procMount_restricted", level: "restricted", overrides: "procMount", from: [[35, baseline.procMount]] },
  {
    id: "restrictedVolumes",
    level: "restricted",
    overrides: "hostPathVolumes",
    from: [[0, restricted.restrictedVolumes]],
  },
  {
    id: "runAsNonRoot",
    level: "restricted",
    from: [
      [0, restricted.runAsNonRoot],
      [35, unless(inUserNamespace, restricted.runAsNonRoot)],
    ],
  },
  {
    id: "runAsUser",
    level: "restricted",
    from: [
      [23, restricted.runAsUser],
      [35, unless(inUserNamespace, restricted.runAsUser)],
    ],
  },
  {
    id: "seccompProfile_restricted",
    level: "restricted",
    overrides: "seccompProfile_baseline",
    from: [
      [19, restricted.seccompRequired],
      [25, unless(isWindows, restricted.seccompRequired)],
    ],
  },
];

/** No check changed after this minor: later versions are the same policy. */
const lastChange = Math.max(...checks.flatMap(({ from }) => from.map(([minor]) => minor)));
const prepared = new Map<string, readonly Check[]>();

function checksOf({ level, version }: LevelVersion): readonly Check[] {
  if (level === "privileged") return [];
  const minor = Math.min(version, lastChange);
  const key = `${level} ${minor}`;
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const active = checks.filter(
    (check) => (level === "restricted" || check.level === level) && check.from[0]![0] <= minor,
  );
  const overridden = new Set(active.map((check) => check.overrides));
  const found = active
    .filter(({ id }) => !overridden.has(id))
    .map(({ from }) => from.findLast(([first]) => first <= minor)![1]);
  prepared.set(key, found);
  return found;
}

/** What the policy has against the pod, in the order of the message. */
export const violationsOf = (policy: LevelVersion, pod: PodLike): readonly Violation[] =>
  checksOf(policy).flatMap((check) => check(pod) ?? []);

/** `host namespaces, privileged` */
export const reasonsText = (violations: readonly Violation[]): string =>
  violations.map(({ reason }) => reason).join(", ");

/** `host namespaces (hostPID=true), privileged (container "a" must not …)` */
export const detailsText = (violations: readonly Violation[]): string =>
  violations.map(({ reason, detail }) => (detail === "" ? reason : `${reason} (${detail})`)).join(", ");
