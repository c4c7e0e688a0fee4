import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Container, PodSpec } from "../../../../api/index.ts";
import { detailsText, violationsOf } from "./evaluate.ts";
import { type Level, latest, levels, parseVersion, versionText } from "./policy.ts";
import type { PodLike } from "./text.ts";

const container = (fields: Partial<Container> = {}): Container => ({ name: "a", image: "i", ...fields });
const secure = (context: object = {}): Partial<Container> => ({
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] }, ...context },
});
/** What the restricted level lets in. */
const restricted = (spec: Partial<PodSpec> = {}, context: object = {}): PodLike => ({
  spec: {
    containers: [container(secure(context))],
    ...spec,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" }, ...spec.securityContext },
  },
});
const plain = (spec: Partial<PodSpec>, annotations?: Record<string, string>): PodLike => ({
  ...(annotations === undefined ? {} : { metadata: { annotations } }),
  spec: { containers: [container()], ...spec },
});

const asked = (text: string): { level: Level; version: number } => {
  const [level, version] = text.split(":") as [Level, string];
  return { level, version: parseVersion(version)! };
};
const found = (policy: string, pod: PodLike): string => detailsText(violationsOf(asked(policy), pod));

const cases: readonly [name: string, policy: string, pod: PodLike, text: string][] = [
  ["nothing set", "baseline:latest", plain({}), ""],
  ["privileged takes anything", "privileged:latest", plain({ hostPID: true }), ""],
  [
    "host namespaces",
    "baseline:latest",
    plain({ hostNetwork: true, hostIPC: true }),
    "host namespaces (hostNetwork=true, hostIPC=true)",
  ],
  [
    "several checks, by id",
    "baseline:latest",
    plain({ hostPID: true, containers: [container({ securityContext: { privileged: true } })] }),
    'host namespaces (hostPID=true), privileged (container "a" must not set securityContext.privileged=true)',
  ],
  [
    "capabilities",
    "baseline:latest",
    plain({
      containers: [container({ securityContext: { capabilities: { add: ["SYS_ADMIN", "NET_RAW", "CHOWN"] } } })],
    }),
    'non-default capabilities (container "a" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)',
  ],
  [
    "host ports",
    "baseline:latest",
    plain({
      initContainers: [container({ name: "b", ports: [{ containerPort: 1, hostPort: 9 }] })],
      containers: [container({ ports: [{ containerPort: 1, hostPort: 10 }] })],
    }),
    'hostPort (containers "b", "a" use hostPorts 10, 9)',
  ],
  [
    "host path",
    "baseline:latest",
    plain({ volumes: [{ name: "v", hostPath: { path: "/" } }] }),
    'hostPath volumes (volume "v")',
  ],
  [
    "host path at the restricted level",
    "restricted:latest",
    restricted({
      volumes: [
        { name: "v", hostPath: { path: "/" } },
        { name: "w", emptyDir: {} },
      ],
    }),
    'restricted volume types (volume "v" uses restricted volume type "hostPath")',
  ],
  [
    "hosts of probes before they were checked",
    "baseline:v1.33",
    plain({ containers: [container({ livenessProbe: { tcpSocket: { host: "h", port: 1 } } })] }),
    "",
  ],
  [
    "hosts of probes",
    "baseline:v1.34",
    plain({ containers: [container({ livenessProbe: { tcpSocket: { host: "h", port: 1 } } })] }),
    'probe or lifecycle host (container "a" uses probe or lifecycle host "h")',
  ],
  [
    "proc of a user namespace",
    "baseline:v1.35",
    plain({ hostUsers: false, containers: [container({ securityContext: { procMount: "Unmasked" } })] }),
    "",
  ],
  [
    "proc of a user namespace, before",
    "baseline:v1.34",
    plain({ hostUsers: false, containers: [container({ securityContext: { procMount: "Unmasked" } })] }),
    'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  ],
  [
    "proc at the restricted level",
    "restricted:latest",
    restricted({ hostUsers: false }, { procMount: "Unmasked" }),
    'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  ],
  [
    "SELinux",
    "baseline:v1.30",
    plain({
      securityContext: { seLinuxOptions: { type: "container_engine_t", user: "u" } },
      containers: [container({ securityContext: { seLinuxOptions: { role: "r" } } })],
    }),
    'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: type "container_engine_t"; user may not be set; role may not be set)',
  ],
  [
    "a type of later versions",
    "baseline:v1.31",
    plain({ securityContext: { seLinuxOptions: { type: "container_engine_t" } } }),
    "",
  ],
  [
    "seccomp by annotation",
    "baseline:v1.18",
    plain({}, { "container.seccomp.security.alpha.kubernetes.io/a": "unconfined" }),
    'seccompProfile (forbidden annotation container.seccomp.security.alpha.kubernetes.io/a="unconfined")',
  ],
  [
    "seccomp by field",
    "baseline:v1.19",
    plain({ securityContext: { seccompProfile: { type: "Unconfined" } } }),
    'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  [
    "AppArmor",
    "baseline:latest",
    plain(
      { securityContext: { appArmorProfile: { type: "Unconfined" } } },
      { "container.apparmor.security.beta.kubernetes.io/a": "unconfined" },
    ),
    'forbidden AppArmor profiles (pod and annotation must not set AppArmor profile type to "Unconfined", "container.apparmor.security.beta.kubernetes.io/a="unconfined"")',
  ],
  [
    "sysctls",
    "baseline:v1.28",
    plain({
      securityContext: {
        sysctls: [
          { name: "net.ipv4.tcp_rmem", value: "1" },
          { name: "a", value: "1" },
        ],
      },
    }),
    "forbidden sysctls (net.ipv4.tcp_rmem, a)",
  ],
  [
    "sysctls of later versions",
    "baseline:v1.32",
    plain({ securityContext: { sysctls: [{ name: "net.ipv4.tcp_rmem", value: "1" }] } }),
    "",
  ],
  [
    "Windows' host processes",
    "baseline:latest",
    plain({ securityContext: { windowsOptions: { hostProcess: true } } }),
    "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
  ],
  ["what is restricted", "restricted:latest", restricted(), ""],
  [
    "a plain pod at the restricted level",
    "restricted:latest",
    plain({}),
    'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  ],
  [
    "the first restricted policy",
    "restricted:v1.0",
    plain({}),
    'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)',
  ],
  ["Windows", "restricted:v1.25", plain({ os: { name: "windows" }, securityContext: { runAsNonRoot: true } }), ""],
  [
    "root",
    "restricted:latest",
    restricted({}, { runAsUser: 0 }),
    'runAsUser=0 (container "a" must not set runAsUser=0)',
  ],
  ["root of a user namespace", "restricted:latest", restricted({ hostUsers: false }, { runAsUser: 0 }), ""],
  [
    "root by its own word",
    "restricted:latest",
    restricted({ securityContext: { runAsNonRoot: false } }, { runAsNonRoot: true }),
    "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)",
  ],
];

for (const [name, policy, pod, text] of cases)
  test(`${policy} of ${name}`, () => {
    assert.equal(found(policy, pod), text);
  });

test("a stricter level never lets in what a looser one refuses", () => {
  const flag = fc.option(fc.boolean(), { nil: undefined });
  const pods = fc
    .record({
      hostPID: flag,
      hostUsers: flag,
      os: fc.constantFrom(undefined, { name: "windows" as const }),
      context: fc.record({
        privileged: flag,
        allowPrivilegeEscalation: flag,
        runAsNonRoot: flag,
        runAsUser: fc.constantFrom(undefined, 0, 1),
        procMount: fc.constantFrom(undefined, "Default" as const, "Unmasked" as const),
      }),
    })
    .map(({ context, ...spec }) =>
      plain({ ...spec, containers: [container({ securityContext: context })] } as PodSpec),
    );
  fc.assert(
    fc.property(pods, fc.integer({ min: 0, max: 40 }), (pod, version) => {
      const counts = levels.map((level) => violationsOf({ level, version }, pod).length > 0);
      assert.deepEqual(counts, [...counts].sort());
      if (version > 35)
        assert.deepEqual(
          violationsOf({ level: "restricted", version }, pod),
          violationsOf({ level: "restricted", version: latest }, pod),
        );
      assert.equal(parseVersion(versionText(version)), version);
    }),
  );
});
