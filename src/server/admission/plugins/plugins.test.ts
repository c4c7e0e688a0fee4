import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Answered, type Asked, ask } from "../../request.fixture.ts";
import { type TestServer, testServer } from "../../testing.ts";
import { admissionPlugins, selectPlugins } from "../list.ts";

let server: TestServer;
const at = (line: string, asked?: Asked): Promise<Answered> => ask(server, line, asked);
const patched = { "content-type": "application/merge-patch+json" };

async function namespace(name: string, account = true): Promise<string> {
  await at("POST /api/v1/namespaces", { body: { metadata: { name } } });
  const path = `/api/v1/namespaces/${name}`;
  if (account) await at(`POST ${path}/serviceaccounts`, { body: { metadata: { name: "default" } } });
  return path;
}

before(async () => {
  server = await testServer();
});
after(() => server.close());

const container = (resources: object = {}): object => ({ name: "c", image: "i", resources });
const pod = (name: string, spec: object = {}): object => ({
  metadata: { name },
  spec: { containers: [container()], ...spec },
});

test("pods get account, token volume, priority and tolerations", async () => {
  const path = await namespace("adm-pod");
  const { body, code } = await at(`POST ${path}/pods`, {
    body: pod("p", { priorityClassName: "system-cluster-critical" }),
  });
  assert.equal(code, 201);
  const spec = body["spec"]!;
  assert.deepEqual(
    [spec["serviceAccountName"], spec["priority"], spec["preemptionPolicy"]],
    ["default", 2_000_000_000, "PreemptLowerPriority"],
  );
  const volume = spec["volumes"]?.[0];
  assert.match(String(volume?.["name"]), /^kube-api-access-[a-z0-9]{5}$/);
  const mount = spec["containers"]?.[0]?.["volumeMounts"]?.[0];
  assert.deepEqual(
    [mount?.["name"], mount?.["mountPath"]],
    [volume?.["name"], "/var/run/secrets/kubernetes.io/serviceaccount"],
  );
  assert.deepEqual(
    (spec["tolerations"] as unknown as { key: string }[]).map((each) => each.key),
    ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"],
  );
});

test("a pod of an unknown account or priority is refused", async () => {
  const path = await namespace("adm-refuse");
  const account = await at(`POST ${path}/pods`, { body: pod("p", { serviceAccountName: "bob" }) });
  assert.deepEqual(
    [account.code, account.body["message"]],
    [403, 'pods "p" is forbidden: error looking up service account adm-refuse/bob: serviceaccount "bob" not found'],
  );
  const priority = await at(`POST ${path}/pods`, { body: pod("p", { priorityClassName: "high" }) });
  assert.equal(priority.body["message"], 'pods "p" is forbidden: no PriorityClass with name high was found');
});

test("limit ranges set defaults and refuse what is outside", async () => {
  const path = await namespace("adm-limits");
  const limits = [
    {
      type: "Container",
      default: { cpu: "200m" },
      defaultRequest: { cpu: "100m" },
      max: { cpu: "1" },
      min: { memory: "10Mi" },
    },
  ];
  await at(`POST ${path}/limitranges`, { body: { metadata: { name: "l" }, spec: { limits } } });
  const refused = await at(`POST ${path}/pods`, {
    body: pod("p", { containers: [container({ limits: { cpu: "2" }, requests: { cpu: "1", memory: "5Mi" } })] }),
  });
  assert.equal(
    refused.body["message"],
    'pods "p" is forbidden: [minimum memory usage per Container is 10Mi, but request is 5Mi, maximum cpu usage per Container is 1, but limit is 2]',
  );
  const fine = await at(`POST ${path}/pods`, {
    body: pod("p", { containers: [container({ requests: { memory: "20Mi" } })] }),
  });
  assert.equal(fine.code, 201);
  const resources = fine.body["spec"]!["containers"]?.[0]?.["resources"];
  assert.deepEqual([resources?.["limits"]?.["cpu"], resources?.["requests"]?.["cpu"]], ["200m", "100m"]);
  assert.equal(
    fine.body["metadata"]!["annotations"]!["kubernetes.io/limit-ranger"],
    "LimitRanger plugin set: cpu request for container c; cpu limit for container c",
  );
});

async function quota(path: string, hard: object, used: object): Promise<void> {
  await at(`POST ${path}/resourcequotas`, { body: { metadata: { name: "q" }, spec: { hard } } });
  const { code, text } = await at(`PATCH ${path}/resourcequotas/q/status`, {
    body: { status: { hard, used } },
    headers: patched,
  });
  assert.equal(code, 200, text);
}

test("quota: exactly as many are let in as there is room for, however many ask at once", async () => {
  const path = await namespace("adm-quota");
  await quota(path, { configmaps: "3", "count/secrets": "1" }, { configmaps: "0", "count/secrets": "0" });
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      at(`POST ${path}/configmaps`, { body: { metadata: { name: `c${index}` } } }),
    ),
  );
  assert.equal(answers.filter((answer) => answer.code === 201).length, 3);
  const refused = answers.find((answer) => answer.code === 403);
  assert.match(
    String(refused?.body["message"]),
    /^configmaps "c\d" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=3, limited: configmaps=3$/,
  );
  assert.equal((await at(`GET ${path}/resourcequotas/q`)).body["status"]!["used"]!["configmaps"], "3");
});

test("quota of compute resources wants them named and adds them up", async () => {
  const path = await namespace("adm-compute");
  await quota(path, { "requests.cpu": "1", pods: "5" }, { "requests.cpu": "0", pods: "0" });
  const unnamed = await at(`POST ${path}/pods`, { body: pod("p") });
  assert.equal(unnamed.body["message"], 'pods "p" is forbidden: failed quota: q: must specify requests.cpu for: c');
  const first = await at(`POST ${path}/pods`, {
    body: pod("p1", { containers: [container({ requests: { cpu: "600m" } })] }),
  });
  assert.equal(first.code, 201, first.text);
  const second = await at(`POST ${path}/pods`, {
    body: pod("p2", { containers: [container({ requests: { cpu: "500m" } })] }),
  });
  assert.equal(
    second.body["message"],
    'pods "p2" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
  );
});

test("new nodes are tainted, claims and volumes protected", async () => {
  const node = await at("POST /api/v1/nodes", { body: { metadata: { name: "n" } } });
  assert.deepEqual(node.body["spec"]!["taints"], [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }]);
  const path = await namespace("adm-claims");
  await at("POST /apis/storage.k8s.io/v1/storageclasses", {
    body: {
      metadata: { name: "std", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: "p",
    },
  });
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  const claim = await at(`POST ${path}/persistentvolumeclaims`, { body: { metadata: { name: "c" }, spec } });
  assert.deepEqual(claim.body["metadata"]!["finalizers"], ["kubernetes.io/pvc-protection"]);
  assert.equal(claim.body["spec"]!["storageClassName"], "std");
});

test("system namespaces stay", async () => {
  const { code, body } = await at("DELETE /api/v1/namespaces/kube-system");
  assert.deepEqual(
    [code, body["message"]],
    [403, 'namespaces "kube-system" is forbidden: this namespace may not be deleted'],
  );
});

/** Upstream's AllOrderedPlugins; those with a minus are off by default. */
const inOrder = `
-AlwaysAdmit -NamespaceAutoProvision NamespaceLifecycle -NamespaceExists -LimitPodHardAntiAffinityTopology LimitRanger
ServiceAccount -NodeRestriction TaintNodesByCondition -AlwaysPullImages -ImagePolicyWebhook PodSecurity -PodNodeSelector
Priority DefaultTolerationSeconds -PodTolerationRestriction -EventRateLimit -ExtendedResourceToleration
DefaultStorageClass StorageObjectInUseProtection PodGroupProtection -OwnerReferencesPermissionEnforcement
PersistentVolumeClaimResize RuntimeClass CertificateApproval CertificateSigning ClusterTrustBundleAttest
CertificateSubjectRestriction DefaultIngressClass -DenyServiceExternalIPs PodTopologyLabels PodGroupWorkloadExists
NodeDeclaredFeatureValidator JobValidation PodResizeValidator MutatingAdmissionPolicy MutatingAdmissionWebhook
ValidatingAdmissionPolicy ValidatingAdmissionWebhook ResourceQuota -AlwaysDeny
`;
test("plugins are those of upstream, in its order", () => {
  const names = admissionPlugins.map(({ name, onByDefault }) => (onByDefault ? name : `-${name}`));
  assert.deepEqual(names, inOrder.trim().split(/\s+/));
});

test("plugin names are checked", () => {
  const host = {} as Parameters<typeof selectPlugins>[0];
  const texts: readonly [enable: string[], disable: string[], text: RegExp][] = [
    [["Nope"], [], /^Error: enable-admission-plugins plugin "Nope" is unknown$/],
    [
      ["A"],
      ["B"],
      /^Error: \[enable-admission-plugins plugin "A" is unknown, disable-admission-plugins plugin "B" is unknown\]$/,
    ],
    [
      ["NamespaceExists", "Priority"],
      ["Priority", "NamespaceExists"],
      /^Error: \[NamespaceExists Priority\] in enable-admission-plugins and disable-admission-plugins overlapped$/,
    ],
    [["ImagePolicyWebhook"], [], /^Error: couldn't init admission plugin "ImagePolicyWebhook": no config specified$/],
  ];
  for (const [enable, disable, text] of texts) assert.throws(() => selectPlugins(host, { enable, disable }), text);
});
