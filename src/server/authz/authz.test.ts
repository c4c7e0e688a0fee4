import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  clusterRoleBindings,
  clusterRoles,
  type PolicyRule,
  persistentVolumes,
  pods,
  roleBindings,
  roles,
  volumeAttachments,
} from "../../api/index.ts";
import type { KubeObject } from "../../machinery/index.ts";
import { bootstrapRbac } from "../bootstrap/rbac.ts";
import type { AccessAttributes } from "../contract.ts";
import { createAuthorizer } from "./create.ts";
import { ruleAllows, uncovered } from "./rbac-rules.ts";
import { memoryObjects } from "./reader.fixture.ts";

const group = "rbac.authorization.k8s.io";
const asks = (overrides: Partial<AccessAttributes> & { as: string; groups?: string[] }): AccessAttributes => ({
  user: { username: overrides.as, groups: overrides.groups ?? [] },
  verb: "get",
  resourceRequest: true,
  group: "",
  version: "v1",
  resource: "pods",
  subresource: "",
  namespace: "ns",
  name: "",
  path: "",
  ...overrides,
});
const object = (kind: string, name: string, rest: object, namespace?: string): KubeObject =>
  ({ apiVersion: `${group}/v1`, kind, metadata: { name, ...(namespace ? { namespace } : {}) }, ...rest }) as KubeObject;
const podReader: PolicyRule = { verbs: ["get"], apiGroups: [""], resources: ["pods"] };
const ref = (kind: string, name: string) => ({ apiGroup: group, kind, name });

describe("RBAC follows the objects", () => {
  it("grants, changes and takes back", async () => {
    const objects = memoryObjects();
    const { authorize } = createAuthorizer(["RBAC"], objects.reader);
    const decide = async (asked: AccessAttributes) => {
      const { decision, reason } = await authorize(asked);
      return [decision, reason];
    };
    const ann = asks({ as: "ann" });
    assert.deepEqual(await decide(ann), ["noOpinion", ""]);

    objects.set(
      roleBindings,
      object("RoleBinding", "b", { roleRef: ref("Role", "r"), subjects: [{ kind: "User", name: "ann" }] }, "ns"),
    );
    assert.deepEqual(await decide(ann), ["noOpinion", `RBAC: role.${group} "r" not found`]);
    objects.set(roles, object("Role", "r", { rules: [podReader] }, "ns"));
    assert.deepEqual(await decide(ann), ["allow", 'RBAC: allowed by RoleBinding "b/ns" of Role "r" to User "ann"']);
    assert.deepEqual(await decide(asks({ as: "ann", namespace: "other" })), ["noOpinion", ""]);
    assert.deepEqual(await decide(asks({ as: "ann", verb: "delete" })), ["noOpinion", ""]);

    objects.set(
      roleBindings,
      object(
        "RoleBinding",
        "b",
        { roleRef: ref("Role", "r"), subjects: [{ kind: "ServiceAccount", name: "bot" }] },
        "ns",
      ),
    );
    assert.deepEqual(await decide(ann), ["noOpinion", ""]);
    assert.deepEqual(await decide(asks({ as: "system:serviceaccount:ns:bot" })), [
      "allow",
      'RBAC: allowed by RoleBinding "b/ns" of Role "r" to ServiceAccount "bot/ns"',
    ]);

    objects.set(clusterRoles, object("ClusterRole", "c", { rules: [podReader] }));
    objects.set(
      clusterRoleBindings,
      object("ClusterRoleBinding", "cb", {
        roleRef: ref("ClusterRole", "c"),
        subjects: [{ kind: "Group", name: "g" }],
      }),
    );
    assert.deepEqual(await decide(asks({ as: "x", groups: ["g"], namespace: "" })), [
      "allow",
      'RBAC: allowed by ClusterRoleBinding "cb" of ClusterRole "c" to Group "g"',
    ]);
    objects.remove(clusterRoleBindings, "", "cb");
    assert.deepEqual(await decide(asks({ as: "x", groups: ["g"] })), ["noOpinion", ""]);
    assert.deepEqual(await decide(asks({ as: "root", groups: ["system:masters"], verb: "delete" })), ["allow", ""]);
  });
});

describe("rules", () => {
  const table: readonly [PolicyRule, Partial<AccessAttributes>, boolean][] = [
    [podReader, {}, true],
    [podReader, { subresource: "log" }, false],
    [{ ...podReader, resources: ["pods/log"] }, { subresource: "log" }, true],
    [{ ...podReader, resources: ["*/log"] }, { subresource: "log" }, true],
    [{ ...podReader, resources: ["*/log"] }, {}, false],
    [{ ...podReader, resources: ["*"] }, { subresource: "log" }, true],
    [{ ...podReader, resourceNames: ["a"] }, { name: "a" }, true],
    [{ ...podReader, resourceNames: ["a"] }, { name: "" }, false],
    [{ ...podReader, apiGroups: ["*"] }, { group: "x" }, true],
    [{ ...podReader, verbs: ["*"] }, { verb: "odd" }, true],
    [{ verbs: ["get"], nonResourceURLs: ["/healthz/*"] }, { resourceRequest: false, path: "/healthz/x/y" }, true],
    [{ verbs: ["get"], nonResourceURLs: ["/healthz"] }, { resourceRequest: false, path: "/healthz/x" }, false],
    [podReader, { resourceRequest: false, path: "/" }, false],
  ];
  for (const [rule, asked, wanted] of table)
    it(`${JSON.stringify(rule)} ${wanted ? "allows" : "does not allow"} ${JSON.stringify(asked)}`, () => {
      assert.equal(ruleAllows(rule, asks({ as: "x", ...asked })), wanted);
    });

  const some = (...values: string[]) => fc.subarray(values, { minLength: 1 });
  const anyRule: fc.Arbitrary<PolicyRule> = fc.record(
    {
      verbs: some("get", "list", "*"),
      apiGroups: some("", "apps", "*"),
      resources: some("pods", "pods/log", "*/log", "*"),
      resourceNames: some("a", "b"),
    },
    { requiredKeys: ["verbs", "apiGroups", "resources"] },
  );
  it("what is covered is never more than what is held", () => {
    const asked = fc.record({
      verb: fc.constantFrom("get", "list", "delete"),
      group: fc.constantFrom("", "apps", "batch"),
      resource: fc.constantFrom("pods", "nodes"),
      subresource: fc.constantFrom("", "log"),
      name: fc.constantFrom("", "a", "c"),
    });
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 3 }), anyRule, asked, (held, wanted, request) => {
        fc.pre(uncovered(held, [wanted]).length === 0);
        const attributes = asks({ as: "x", ...request });
        assert.ok(!ruleAllows(wanted, attributes) || held.some((rule) => ruleAllows(rule, attributes)));
      }),
      { numRuns: 500 },
    );
  });
  it("a rule covers itself", () => {
    fc.assert(fc.property(anyRule, (rule) => assert.deepEqual(uncovered([rule], [rule]), [])));
  });
});

describe("the Node authorizer follows pods and volumes", () => {
  const node = (name: string, resource: string, objectName: string, rest: Partial<AccessAttributes> = {}) =>
    asks({ as: `system:node:${name}`, groups: ["system:nodes"], resource, name: objectName, ...rest });
  const pod = (spec: object, metadata: object = {}, status: object = {}): KubeObject =>
    ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", namespace: "ns", uid: "1", ...metadata },
      spec: { containers: [], ...spec },
      status,
    }) as unknown as KubeObject;
  const spec = {
    nodeName: "a",
    serviceAccountName: "bot",
    imagePullSecrets: [{ name: "pull" }],
    containers: [
      {
        name: "c",
        envFrom: [{ configMapRef: { name: "env" } }],
        env: [{ name: "E", valueFrom: { secretKeyRef: { name: "key", key: "k" } } }],
      },
    ],
    volumes: [
      { name: "v", persistentVolumeClaim: { claimName: "claim" } },
      { name: "e", ephemeral: { volumeClaimTemplate: {} } },
      { name: "j", projected: { sources: [{ secret: { name: "projected" } }, { configMap: { name: "root" } }] } },
    ],
    resourceClaims: [{ name: "gpu", resourceClaimTemplateName: "t" }],
  };
  const world = () => {
    const objects = memoryObjects();
    const authorizer = createAuthorizer(["Node"], objects.reader);
    const may = async (asked: AccessAttributes): Promise<boolean> =>
      (await authorizer.authorize(asked)).decision === "allow";
    return { objects, authorizer, may };
  };

  it("reads what its pods need and nothing else", async () => {
    const { objects, may } = world();
    objects.set(pods, pod(spec, {}, { resourceClaimStatuses: [{ name: "gpu", resourceClaimName: "made" }] }));
    const needed: [string, string][] = [
      ["secrets", "pull"],
      ["secrets", "key"],
      ["secrets", "projected"],
      ["configmaps", "env"],
      ["configmaps", "root"],
      ["persistentvolumeclaims", "claim"],
      ["persistentvolumeclaims", "p-e"],
      ["serviceaccounts", "bot"],
      ["pods", "p"],
    ];
    for (const [resource, name] of needed) {
      assert.ok(await may(node("a", resource, name)), `${resource}/${name}`);
      assert.ok(!(await may(node("b", resource, name))), `${resource}/${name} from b`);
      assert.ok(!(await may(node("a", resource, name, { namespace: "other" }))), `${resource}/${name} elsewhere`);
    }
    assert.ok(await may(node("a", "resourceclaims", "made", { group: "resource.k8s.io" })));
    assert.ok(await may(node("a", "serviceaccounts", "bot", { verb: "create", subresource: "token" })));
    objects.remove(pods, "ns", "p");
    for (const [resource, name] of needed)
      assert.ok(!(await may(node("a", resource, name))), `${resource}/${name} after`);
  });

  it("reads volumes and their secrets through the claim", async () => {
    const { objects, may } = world();
    const volume = (secret: string) =>
      ({
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name: "pv" },
        spec: {
          claimRef: { namespace: "ns", name: "claim" },
          csi: {
            driver: "d",
            nodeStageSecretRef: { name: secret, namespace: "vault" },
            controllerPublishSecretRef: { name: "controller", namespace: "vault" },
          },
        },
      }) as unknown as KubeObject;
    objects.set(persistentVolumes, volume("one"));
    objects.set(pods, pod(spec));
    assert.ok(await may(node("a", "persistentvolumes", "pv", { namespace: "" })));
    assert.ok(await may(node("a", "secrets", "one", { namespace: "vault" })));
    assert.ok(!(await may(node("a", "secrets", "controller", { namespace: "vault" }))));
    objects.set(persistentVolumes, volume("two"));
    assert.ok(!(await may(node("a", "secrets", "one", { namespace: "vault" }))));
    assert.ok(await may(node("a", "secrets", "two", { namespace: "vault" })));
  });

  it("counts references of several pods, and gives mirror pods none", async () => {
    const { objects, may } = world();
    objects.set(pods, pod({ nodeName: "a", imagePullSecrets: [{ name: "s" }] }));
    objects.set(pods, pod({ nodeName: "a", imagePullSecrets: [{ name: "s" }] }, { name: "q", uid: "2" }));
    objects.set(
      pods,
      pod(
        { nodeName: "a", imagePullSecrets: [{ name: "m" }] },
        { name: "m", annotations: { "kubernetes.io/config.mirror": "x" } },
      ),
    );
    objects.remove(pods, "ns", "p");
    assert.ok(await may(node("a", "secrets", "s")));
    assert.ok(!(await may(node("a", "secrets", "m"))));
    objects.remove(pods, "ns", "q");
    assert.ok(!(await may(node("a", "secrets", "s"))));
  });

  it("says why not", async () => {
    const { objects, authorizer } = world();
    objects.set(volumeAttachments, {
      apiVersion: "storage.k8s.io/v1",
      kind: "VolumeAttachment",
      metadata: { name: "va" },
      spec: { nodeName: "a" },
    } as unknown as KubeObject);
    const table: [AccessAttributes, string | undefined][] = [
      [node("a", "secrets", "x"), "no relationship found between node 'a' and this object"],
      [node("a", "secrets", "", { verb: "list" }), "No Object name found"],
      [node("a", "secrets", "x", { verb: "create" }), "can only read resources of this type"],
      [
        node("a", "persistentvolumes", "", { verb: "list", namespace: "" }),
        "can only get individual resources of this type",
      ],
      [node("a", "volumeattachments", "va", { group: "storage.k8s.io", namespace: "" }), undefined],
      [
        node("b", "volumeattachments", "va", { group: "storage.k8s.io", namespace: "" }),
        "no relationship found between node 'b' and this object",
      ],
      [
        node("a", "csinodes", "b", { group: "storage.k8s.io", namespace: "" }),
        "can only access CSINode with the same name as the requesting node",
      ],
      [
        node("a", "leases", "a", { group: "coordination.k8s.io", namespace: "kube-node-lease", verb: "update" }),
        undefined,
      ],
      [node("", "secrets", "x"), 'unknown node for user "system:node:"'],
      [
        node("a", "pods", "", { verb: "list", namespace: "" }),
        "can only list/watch pods with spec.nodeName field selector",
      ],
      [
        node("a", "pods", "", {
          verb: "watch",
          namespace: "",
          fieldSelector: [{ field: "spec.nodeName", operator: "=", value: "a" }],
        }),
        undefined,
      ],
      [node("a", "services", "", { verb: "list", namespace: "" }), undefined],
      [node("a", "events", "", { verb: "create" }), undefined],
    ];
    for (const [asked, wanted] of table) {
      const { decision, reason } = await authorizer.authorize(asked);
      assert.deepEqual([decision, reason], wanted === undefined ? ["allow", ""] : ["noOpinion", wanted]);
    }
  });
});

describe("default roles and bindings", () => {
  const names = (objects: ReturnType<typeof memoryObjects>) => [
    objects.reader.list(clusterRoles).length,
    objects.reader.list(clusterRoleBindings).length,
    objects.reader.list(roles).length,
    objects.reader.list(roleBindings).length,
  ];
  it("are created once", async () => {
    const objects = memoryObjects();
    await bootstrapRbac(objects.writer, objects.reader);
    assert.deepEqual(names(objects), [69, 50, 7, 7]);
    const before = objects.writes();
    await bootstrapRbac(objects.writer, objects.reader);
    assert.equal(objects.writes(), before);
  });
  it("are completed, not overwritten", async () => {
    const objects = memoryObjects();
    await bootstrapRbac(objects.writer, objects.reader);
    const original = objects.reader.get(clusterRoles, "", "system:discovery")!;
    const own: PolicyRule = { verbs: ["get"], nonResourceURLs: ["/mine"] };
    objects.set(clusterRoles, { ...original, rules: [own] } as KubeObject);
    const binding = objects.reader.get(clusterRoleBindings, "", "system:discovery")!;
    objects.set(clusterRoleBindings, { ...binding, subjects: [] } as KubeObject);
    const other = objects.reader.get(clusterRoleBindings, "", "system:node-proxier")!;
    objects.set(clusterRoleBindings, { ...other, roleRef: ref("ClusterRole", "view") } as KubeObject);
    const kept = objects.reader.get(clusterRoles, "", "view")!;
    objects.set(clusterRoles, {
      ...kept,
      aggregationRule: undefined,
      metadata: { ...kept.metadata, annotations: { "rbac.authorization.kubernetes.io/autoupdate": "false" } },
    } as KubeObject);
    await bootstrapRbac(objects.writer, objects.reader);
    const completed = objects.reader.get(clusterRoles, "", "system:discovery")!;
    assert.deepEqual(completed.rules?.[0], own);
    assert.deepEqual(uncovered(completed.rules ?? [], original.rules ?? []), []);
    assert.deepEqual(objects.reader.get(clusterRoleBindings, "", "system:discovery")?.subjects, binding.subjects);
    assert.equal(
      objects.reader.get(clusterRoleBindings, "", "system:node-proxier")?.roleRef.name,
      "system:node-proxier",
    );
    assert.equal(objects.reader.get(clusterRoles, "", "view")?.aggregationRule, undefined);
  });
});
