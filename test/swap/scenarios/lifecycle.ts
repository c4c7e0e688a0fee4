// Ends and limits: garbage, namespaces, disruption, taints, quota, priorities.
import {
  certificateSigningRequests,
  configMaps,
  deployments,
  events,
  namespaces,
  nodes,
  type Pod,
  podDisruptionBudgets,
  pods,
  priorityClasses,
  replicaSets,
  resourceQuotas,
} from "../../../src/api/index.ts";
import { keyPem, makeRequest, newKey } from "../../../src/cluster/pki/index.ts";
import { StatusError } from "../../../src/machinery/index.ts";
import {
  conditionOf,
  evictionTaint,
  expect,
  newPod,
  podTemplate,
  readyPods,
  type Scenario,
  type Stage,
} from "../stage.ts";

async function refusal(attempt: Promise<unknown>): Promise<StatusError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error("what should be refused was allowed");
}

async function makeDeployment(stage: Stage, name: string, replicas = 1): Promise<void> {
  await stage.create(deployments, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: stage.namespace },
    spec: { replicas, selector: { matchLabels: { app: name } }, template: podTemplate({ app: name }) },
  });
  await readyPods(stage, name, replicas);
}

export const garbage: Scenario = {
  name: "garbage",
  about: "dependents go in the background, before their owner, or stay as orphans",
  async run(stage) {
    const { namespace } = stage;
    const resource = stage.client.of(deployments);
    await Promise.all(["back", "front", "orphaned"].map((name) => makeDeployment(stage, name)));
    await resource.delete({ namespace, name: "back" }, { propagationPolicy: "Background" });
    await resource.delete({ namespace, name: "front" }, { propagationPolicy: "Foreground" });
    await resource.delete({ namespace, name: "orphaned" }, { propagationPolicy: "Orphan" });
    await Promise.all(["back", "front", "orphaned"].map((name) => stage.untilGone(deployments, name)));
    const front = await stage.client.of(replicaSets).list({ namespace, labelSelector: "app=front" });
    expect(front.items.length === 0, "the owner went before its ReplicaSet");
    await stage.until(pods, {
      what: "the orphan's pod alone",
      holds: (found) => found.length === 1 && found[0]?.metadata.labels?.["app"] === "orphaned",
    });
    const [orphan] = await stage.until(replicaSets, {
      what: "the orphan alone",
      holds: (found) => found.length === 1 && (found[0]?.metadata.ownerReferences ?? []).length === 0,
    });
    // Nobody owns what names an owner that never was.
    await stage.create(configMaps, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: "dangling",
        namespace,
        ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "never", uid: orphan!.metadata.uid }],
      },
    });
    await stage.untilGone(configMaps, "dangling");
  },
};

export const namespaceEnd: Scenario = {
  name: "namespace",
  about: "a namespace that is deleted empties itself, and waits for finalizers",
  async run(stage) {
    const name = `${stage.namespace}-doomed`;
    await stage.client.of(namespaces).create({ apiVersion: "v1", kind: "Namespace", metadata: { name }, spec: {} });
    const inside = { ...stage, namespace: name };
    await stage.client.of(configMaps).create({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "held", namespace: name, finalizers: ["swap.t8s.local/hold"] },
    });
    await stage.kubectl("--namespace", name, "create", "secret", "generic", "one", "--from-literal=a=b");
    await stage.kubectl("wait", "--namespace", name, "serviceaccount/default", "--for=create", "--timeout=60s");
    await stage.client.of(pods).create(newPod(inside, "inhabitant"));
    await stage.kubectl("wait", "--namespace", name, "pod/inhabitant", "--for=condition=Ready", "--timeout=100s");
    await stage.client.of(namespaces).delete({ name });
    await stage.untilOne(namespaces, name, {
      what: "told that a finalizer holds it",
      holds: (found) =>
        found.status?.phase === "Terminating" && conditionOf(found, "NamespaceFinalizersRemaining") === "True",
    });
    const late = await refusal(stage.client.of(pods).create(newPod(inside, "late")));
    expect(late.code === 403 && /being terminated/.test(late.message), `a late pod is answered ${late.message}`);
    await stage.client
      .of(configMaps)
      .patch({ namespace: name, name: "held" }, { metadata: { finalizers: null } }, { type: "merge" });
    await stage.untilGone(namespaces, name);
  },
};

export const disruption: Scenario = {
  name: "pdb",
  about: "evictions stop at the budget and go on when it grows",
  async run(stage) {
    const { namespace } = stage;
    await makeDeployment(stage, "kept", 2);
    await stage.create(podDisruptionBudgets, {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "kept", namespace },
      spec: { minAvailable: 2, selector: { matchLabels: { app: "kept" } } },
    });
    await stage.untilOne(podDisruptionBudgets, "kept", {
      what: "counted",
      holds: ({ status }) => status?.currentHealthy === 2 && status.disruptionsAllowed === 0,
    });
    const [pod] = await readyPods(stage, "kept", 2);
    const name = { namespace, name: pod!.metadata.name };
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: name };
    const evict = (): Promise<unknown> => stage.client.of(pods).createSubresource(name, "eviction", eviction);
    const refused = await refusal(evict());
    expect(
      refused.code === 429 && /disruption budget/.test(refused.message),
      `the eviction is answered ${refused.code} ${refused.message}`,
    );
    await stage.client
      .of(deployments)
      .patch({ namespace, name: "kept" }, { spec: { replicas: 3 } }, { type: "merge", subresource: "scale" });
    await stage.untilOne(podDisruptionBudgets, "kept", {
      what: "room for one",
      holds: ({ status }) => status?.disruptionsAllowed === 1,
    });
    await evict();
    await stage.untilGone(pods, name.name);
    await readyPods(stage, "kept", 3);
  },
};

export const eviction: Scenario = {
  name: "eviction",
  about: "a NoExecute taint and a full emptyDir make pods leave",
  async run(stage) {
    const { namespace, nodeName } = stage;
    await stage.create(
      pods,
      newPod(stage, "full", {
        command: ["sh", "-c", "head -c 4000000 /dev/zero > /data/file; exec sleep 10000"],
        container: { volumeMounts: [{ name: "data", mountPath: "/data" }] },
        spec: { volumes: [{ name: "data", emptyDir: { sizeLimit: "1Mi" } }] },
      }),
    );
    await stage.create(pods, newPod(stage, "shy", { spec: { tolerations: [] } }));
    await stage.create(
      pods,
      newPod(stage, "patient", {
        spec: {
          tolerations: [{ key: evictionTaint, operator: "Exists", effect: "NoExecute", tolerationSeconds: 600 }],
        },
      }),
    );
    for (const name of ["shy", "patient"])
      await stage.untilOne(pods, name, { what: "Ready", holds: (pod) => conditionOf(pod, "Ready") === "True" });
    const taint = (on: boolean): Promise<unknown> =>
      stage.kubectl("taint", "node", nodeName, `${evictionTaint}=now:NoExecute${on ? "" : "-"}`);
    await taint(true);
    try {
      await stage.untilGone(pods, "shy");
    } finally {
      await taint(false);
    }
    const patient = await stage.client.of(pods).get({ namespace, name: "patient" });
    expect(patient.metadata.deletionTimestamp === undefined, "the patient pod leaves before its time");
    const evicted = await stage.untilOne(pods, "full", {
      what: "Failed",
      holds: ({ status }) => status?.phase === "Failed",
    });
    expect(
      evicted.status?.reason === "Evicted" &&
        /^Usage of EmptyDir volume "data" exceeds the limit "1Mi"/.test(evicted.status.message ?? ""),
      `the full pod ended for ${evicted.status?.reason}: ${evicted.status?.message}`,
    );
  },
};

const seat = "swap.t8s.local/seat";

export const preemption: Scenario = {
  name: "preemption",
  about: "a pod of higher priority takes the place of one of lower priority",
  async run(stage) {
    const { nodeName, client } = stage;
    const capacity = { status: { capacity: { [seat]: "1" } } };
    await client.of(nodes).patch({ name: nodeName }, capacity, { type: "merge", subresource: "status" });
    await stage.untilOne(nodes, nodeName, {
      what: "a seat to give",
      holds: ({ status }) => status?.allocatable?.[seat] === "1",
    });
    for (const [name, value] of Object.entries({ low: 10, high: 1000 }))
      await stage.create(priorityClasses, {
        apiVersion: "scheduling.k8s.io/v1",
        kind: "PriorityClass",
        metadata: { name: `${stage.namespace}-${name}` },
        value,
      });
    const seated = (name: string): ReturnType<typeof newPod> =>
      newPod(stage, name, {
        container: { resources: { limits: { [seat]: "1" }, requests: { [seat]: "1" } } },
        spec: { priorityClassName: `${stage.namespace}-${name}` },
      });
    await stage.create(pods, seated("low"));
    await stage.untilOne(pods, "low", { what: "Ready", holds: (pod) => conditionOf(pod, "Ready") === "True" });
    let disrupted: Pod | undefined;
    const watched = stage.until(pods, {
      what: "the victim's end",
      select: { fieldSelector: "metadata.name=low" },
      holds: ([pod]) => {
        if (pod !== undefined && conditionOf(pod, "DisruptionTarget") === "True") disrupted = pod;
        return pod === undefined;
      },
    });
    await stage.create(pods, seated("high"));
    await Promise.all([
      watched,
      stage.untilOne(pods, "high", { what: "Ready", holds: (pod) => conditionOf(pod, "Ready") === "True" }),
    ]);
    expect(disrupted !== undefined, "the victim had no DisruptionTarget condition");
    await stage.until(events, {
      what: "the event Preempted",
      select: { fieldSelector: "reason=Preempted" },
      holds: (found) => found.length > 0,
    });
  },
};

export const quota: Scenario = {
  name: "quota",
  about: "what is used is counted, and the limit holds",
  async run(stage) {
    const { namespace, client } = stage;
    await stage.create(resourceQuotas, {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "small", namespace },
      spec: { hard: { pods: "1", "count/secrets": "5" } },
    });
    const used = (count: string) => ({
      what: `${count} pods used`,
      holds: ({ status }: { readonly status?: { readonly used?: Readonly<Record<string, string>> } }) =>
        status?.used?.["pods"] === count,
    });
    await stage.untilOne(resourceQuotas, "small", used("0"));
    await stage.create(pods, newPod(stage, "one"));
    await stage.untilOne(resourceQuotas, "small", used("1"));
    const refused = await refusal(stage.create(pods, newPod(stage, "two")));
    expect(refused.code === 403 && /exceeded quota: small/.test(refused.message), `answered ${refused.message}`);
    await client.of(pods).delete({ namespace, name: "one" });
    await stage.untilOne(resourceQuotas, "small", used("0"));
  },
};

export const signing: Scenario = {
  name: "signing",
  about: "an approved certificate request is signed",
  async run(stage) {
    const name = stage.namespace;
    const request = await makeRequest(keyPem(newKey()), { commonName: "ann", organization: "guests" });
    await stage.create(certificateSigningRequests, {
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      metadata: { name },
      spec: {
        request: Buffer.from(request).toString("base64"),
        signerName: "kubernetes.io/kube-apiserver-client",
        usages: ["digital signature", "client auth"],
        expirationSeconds: 3600,
      },
    });
    await stage.kubectl("certificate", "approve", name);
    const signed = await stage.untilOne(certificateSigningRequests, name, {
      what: "signed",
      holds: ({ status }) => (status?.certificate ?? "") !== "",
    });
    const text = Buffer.from(signed.status!.certificate!, "base64").toString();
    expect(text.startsWith("-----BEGIN CERTIFICATE-----"), `the certificate is ${text.slice(0, 40)}`);
  },
};
