// What people do with kubectl, with the kubectl they have, on a real cluster.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { busyboxImage, busyboxPod, called, startTestCluster, type TestCluster } from "./harness.ts";

let cluster: TestCluster;
let scratch: string;

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "t8s-kubectl-"));
  cluster = await startTestCluster({ name: called("kubectl") });
});

after(async () => {
  rmSync(scratch, { recursive: true, force: true });
  await cluster?.remove();
});

const web = (over: object = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", labels: { app: "web" } },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: "web",
            image: busyboxImage,
            command: ["sh", "-c", "mkdir -p /www && echo web > /www/index.html && httpd -f -p 8080 -h /www"],
            ports: [{ containerPort: 8080, name: "http" }],
          },
        ],
      },
    },
    ...over,
  },
});

test("create, get in every form, describe", async () => {
  await cluster.kubectl("create", "configmap", "settings", "--from-literal=color=blue");
  assert.equal(await cluster.kubectl("get", "configmap", "settings", "-o", "jsonpath={.data.color}"), "blue");
  assert.match(await cluster.kubectl("get", "cm", "settings", "-o", "yaml"), /^ {2}color: blue$/m);
  assert.equal(JSON.parse(await cluster.kubectl("get", "cm/settings", "-o", "json")).data.color, "blue");
  assert.match(
    await cluster.kubectl("get", "nodes", "-o", "wide"),
    /NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP +EXTERNAL-IP +OS-IMAGE +KERNEL-VERSION +CONTAINER-RUNTIME\n\S+ +Ready .*containerd:\/\//,
  );
  assert.match(await cluster.kubectl("describe", "configmap", "settings"), /color:\n----\nblue/);
  assert.match(await cluster.kubectl("describe", "node"), /Allocatable:\n {2}cpu: +\d/);
  const twice = await cluster.tryKubectl("create", "configmap", "settings");
  assert.match(twice.stderr, /configmaps "settings" already exists/);
});

test("apply, rollout status, history, undo, pause, resume, restart", async () => {
  assert.match(await cluster.apply(web()), /deployment.apps\/web created/);
  assert.match(await cluster.apply(web()), /deployment.apps\/web unchanged/);
  assert.match(
    await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s"),
    /successfully rolled out/,
  );
  assert.match(
    await cluster.kubectl("get", "deploy", "web"),
    /NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2/,
  );
  await cluster.kubectl("set", "env", "deployment/web", "VERSION=2");
  await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s");
  assert.match(await cluster.kubectl("rollout", "history", "deployment/web"), /1 +<none>\n2 +<none>/);
  await cluster.kubectl("rollout", "undo", "deployment/web");
  await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s");
  assert.equal(
    await cluster.kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].env}"),
    "",
  );
  const sets = (): Promise<string> => cluster.kubectl("get", "replicasets", "-l", "app=web", "-o", "name");
  const before = await sets();
  await cluster.kubectl("rollout", "pause", "deployment/web");
  await cluster.kubectl("set", "env", "deployment/web", "VERSION=3");
  await cluster.kubectl(
    "wait",
    "deployment/web",
    "--for=jsonpath={.status.conditions[?(@.type=='Progressing')].reason}=DeploymentPaused",
  );
  assert.equal(await sets(), before, "a paused deployment makes no new ReplicaSet");
  await cluster.kubectl("rollout", "resume", "deployment/web");
  await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s");
});

test("scale, expose, label, annotate, wait", async () => {
  await cluster.apply(web());
  await cluster.kubectl("scale", "deployment/web", "--replicas=3");
  await cluster.kubectl("wait", "deployment/web", "--for=jsonpath={.status.readyReplicas}=3", "--timeout=60s");
  await cluster.kubectl("expose", "deployment/web", "--port=80", "--target-port=http");
  const address = await cluster.kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}");
  await cluster.eventually(
    [
      "get",
      "endpointslices",
      "-l",
      "kubernetes.io/service-name=web",
      "-o",
      "jsonpath={.items[0].endpoints[*].conditions.ready}",
    ],
    (text) => text === "true true true",
  );
  assert.match(address, /^10\./);
  await cluster.kubectl("label", "deployment/web", "tier=front");
  assert.match(await cluster.kubectl("get", "deploy", "-l", "tier=front", "-o", "name"), /deployment.apps\/web/);
  await cluster.kubectl("annotate", "deployment/web", "note=hello");
  assert.equal(await cluster.kubectl("get", "deploy", "web", "-o", "jsonpath={.metadata.annotations.note}"), "hello");
  await cluster.kubectl("wait", "pod", "-l", "app=web", "--for=condition=Ready", "--timeout=60s");
});

test("logs, exec, attach by run, cp, port-forward", async () => {
  await cluster.apply(
    busyboxPod("talker", ["sh", "-c", "i=0; while true; do echo line $i; i=$((i+1)); sleep 0.2; done"]),
  );
  await cluster.kubectl("wait", "pod/talker", "--for=condition=Ready", "--timeout=60s");
  assert.match(await cluster.kubectl("logs", "talker"), /^line 0\n/);
  await cluster.eventually(["logs", "talker", "--tail=2"], (text) => /^line \d+\nline \d+\n$/.test(text));
  const follow = spawn("kubectl", ["logs", "-f", "talker"], {
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let followed = "";
  for await (const chunk of follow.stdout) {
    followed += chunk;
    if (/line 9\n/.test(followed)) break;
  }
  follow.kill();
  assert.match(followed, /^line 0\nline 1\n/);

  assert.equal(await cluster.kubectl("exec", "talker", "--", "echo", "hi"), "hi\n");
  assert.equal(await cluster.kubectl("exec", "-i", "talker", "--", "cat", { input: "through stdin" }), "through stdin");
  const failed = await cluster.tryKubectl("exec", "talker", "--", "sh", "-c", "exit 7");
  assert.equal(failed.status, 7, failed.stderr);
  assert.equal(await cluster.kubectl("exec", "-i", "talker", "--", "sh", "-c", "echo out; echo err >&2"), "out\n");

  const file = join(scratch, "file.txt");
  writeFileSync(file, "x".repeat(300_000));
  await cluster.kubectl("cp", file, "talker:/tmp/file.txt");
  await cluster.kubectl("cp", "talker:/tmp/file.txt", join(scratch, "back.txt"));
  assert.equal(readFileSync(join(scratch, "back.txt"), "utf8"), "x".repeat(300_000));

  await cluster.apply(web());
  await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s");
  const forward = spawn("kubectl", ["port-forward", "deployment/web", ":8080"], {
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const port = await new Promise<string>((resolve, reject) => {
      let told = "";
      // Read to the end: kubectl ends when nobody takes what it prints for each connection.
      forward.stdout.on("data", (chunk) => {
        told += chunk;
        const match = /Forwarding from 127.0.0.1:(\d+)/.exec(told);
        if (match !== null) resolve(match[1]!);
      });
      forward.once("exit", () => reject(new Error(`kubectl port-forward ended: ${told}`)));
    });
    for (let times = 0; times < 3; times++)
      assert.equal(
        await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } })).text(),
        "web\n",
      );
  } finally {
    if (forward.exitCode === null) {
      forward.kill();
      await once(forward, "exit");
    }
  }
});

test("a terminal: exec -it", async () => {
  await cluster.kubectl("wait", "pod/talker", "--for=condition=Ready", "--timeout=60s");
  // `script` gives kubectl the terminal that it asks for.
  const child = spawn("script", ["-qec", "kubectl exec -it talker -- sh", "/dev/null"], {
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig, TERM: "xterm" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let seen = "";
  child.stdout.on("data", (chunk) => {
    seen += chunk;
  });
  child.stdin.write("tty && echo sum=$((40+2))\nexit 3\n");
  const [status] = await once(child, "exit");
  assert.match(seen, /\/dev\/pts\/\d/);
  assert.match(seen, /sum=42/);
  assert.equal(status, 3);
});

test("taint, cordon, drain, uncordon", async () => {
  const node = (await cluster.kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")).trim();
  await cluster.kubectl("taint", "nodes", node, "dedicated=test:NoSchedule");
  await cluster.apply(busyboxPod("homeless", ["sleep", "1000"]));
  await cluster.eventually(
    ["get", "pod", "homeless", "-o", "jsonpath={.status.conditions[?(@.type=='PodScheduled')].message}"],
    (text) => text.startsWith("0/1 nodes are available: 1 node(s) had untolerated taint(s)"),
  );
  await cluster.kubectl("taint", "nodes", node, "dedicated-");
  await cluster.kubectl("wait", "pod/homeless", "--for=condition=Ready", "--timeout=60s");
  await cluster.kubectl("cordon", node);
  assert.match(await cluster.kubectl("get", "node", node), /Ready,SchedulingDisabled/);
  await cluster.kubectl("drain", node, "--force", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=80s");
  await cluster.kubectl("uncordon", node);
  await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s");
});

test("delete with every propagation", async () => {
  const set = async (name: string): Promise<void> => {
    const deployment = web({ replicas: 1, selector: { matchLabels: { app: name } } }) as {
      metadata: object;
      spec: { template: { metadata: object } };
    };
    deployment.metadata = { name, labels: { app: name } };
    deployment.spec.template.metadata = { labels: { app: name } };
    await cluster.apply(deployment);
    await cluster.kubectl("rollout", "status", `deployment/${name}`, "--timeout=60s");
  };
  const left = (name: string, kinds: string): Promise<string> =>
    cluster.kubectl("get", kinds, "-l", `app=${name}`, "-o", "name");
  await set("fore");
  await cluster.kubectl("delete", "deployment", "fore", "--cascade=foreground", "--timeout=60s");
  assert.equal(
    await left("fore", "deployments,replicasets,pods"),
    "",
    "foreground: nothing is left when the call returns",
  );
  await set("back");
  await cluster.kubectl("delete", "deployment", "back", "--cascade=background");
  await cluster.eventually(["get", "replicasets,pods", "-l", "app=back", "-o", "name"], (text) => text === "");
  await set("orphan");
  await cluster.kubectl("delete", "deployment", "orphan", "--cascade=orphan");
  assert.match(await left("orphan", "replicasets"), /replicaset/);
  await cluster.kubectl("delete", "replicaset", "-l", "app=orphan");
});

test("auth can-i, explain, api-resources, api-versions, events, version", async () => {
  assert.equal((await cluster.kubectl("auth", "can-i", "create", "pods")).trim(), "yes");
  assert.equal((await cluster.tryKubectl("auth", "can-i", "create", "pods", "--as=nobody")).stdout.trim(), "no");
  assert.match(
    await cluster.kubectl("auth", "can-i", "--list", "--as=nobody"),
    /selfsubjectaccessreviews.authorization.k8s.io/,
  );
  assert.match(await cluster.kubectl("explain", "pod.spec.containers"), /^KIND: +Pod\n/);
  assert.match(await cluster.kubectl("explain", "deployment.spec.strategy.rollingUpdate"), /maxSurge/);
  assert.match(await cluster.kubectl("api-resources"), /^deployments +deploy +apps\/v1 +true +Deployment$/m);
  assert.match(await cluster.kubectl("api-versions"), /^apps\/v1$/m);
  assert.match(await cluster.kubectl("events", "--for", "deployment/web"), /ScalingReplicaSet/);
  assert.match(await cluster.kubectl("get", "events"), /LAST SEEN +TYPE +REASON +OBJECT +MESSAGE/);
  assert.match(await cluster.kubectl("version"), /Server Version: v1\.36\./);
  assert.match(await cluster.kubectl("cluster-info"), /Kubernetes control plane/);
});

test("a token that a Secret asks for is filled in, and its bearer is the service account", async () => {
  await cluster.kubectl("create", "serviceaccount", "robot");
  await cluster.apply({
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/service-account-token",
    metadata: { name: "robot-token", annotations: { "kubernetes.io/service-account.name": "robot" } },
  });
  const read = (field: string): string[] => ["get", "secret", "robot-token", "-o", `jsonpath={.data.${field}}`];
  const decoded = (data: string): string => Buffer.from(data, "base64").toString();
  const token = decoded(await cluster.eventually(read("token"), (text) => text !== ""));
  assert.equal(decoded(await cluster.kubectl(...read("namespace"))), "default");
  const authority = join(scratch, "ca.crt");
  writeFileSync(authority, decoded(await cluster.kubectl(...read("ca\\.crt"))));
  const server = await cluster.kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}");
  const bearer = [`--token=${token}`, `--server=${server}`, `--certificate-authority=${authority}`];
  const alone = { env: { KUBECONFIG: join(scratch, "none") } };
  assert.match(
    await cluster.kubectl("auth", "whoami", ...bearer, alone),
    /Username +system:serviceaccount:default:robot\n.*\nGroups +\[system:serviceaccounts /,
  );
  const refused = await cluster.tryKubectl("auth", "whoami", ...bearer.with(0, `--token=${token}x`), alone);
  assert.match(refused.stderr, /You must be logged in to the server|Unauthorized/);
});

test("server-side apply", async () => {
  const manifest = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "owned" }, data: { key: "one" } };
  const input = JSON.stringify(manifest);
  assert.match(
    await cluster.kubectl("apply", "--server-side", "-f", "-", { input }),
    /configmap\/owned serverside-applied/,
  );
  const other = JSON.stringify({ ...manifest, data: { key: "two" } });
  const conflict = await cluster.tryKubectl("apply", "--server-side", "--field-manager=other", "-f", "-", {
    input: other,
  });
  assert.match(conflict.stderr, /conflict with "kubectl": \.data\.key/);
  await cluster.kubectl("apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-", {
    input: other,
  });
  assert.equal(await cluster.kubectl("get", "configmap", "owned", "-o", "jsonpath={.data.key}"), "two");
});

test("what is not there yet is refused clearly", async () => {
  const top = await cluster.tryKubectl("top", "nodes");
  assert.notEqual(top.status, 0);
  assert.match(top.stderr, /Metrics API not available/);
});

test("custom resources: established, explained, printed, scaled, refused, gone", async () => {
  const schema = {
    type: "object",
    properties: {
      spec: {
        type: "object",
        properties: { replicas: { type: "integer", minimum: 0 }, text: { type: "string", default: "hello" } },
        "x-kubernetes-validations": [{ rule: "self.replicas <= 5", message: "five are enough" }],
      },
      status: { type: "object", properties: { replicas: { type: "integer" } } },
    },
  };
  await cluster.apply({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "parrots.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "parrots", singular: "parrot", kind: "Parrot", shortNames: ["pt"] },
      versions: [
        {
          ...{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } },
          subresources: {
            status: {},
            scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" },
          },
          additionalPrinterColumns: [{ name: "Text", type: "string", jsonPath: ".spec.text" }],
        },
      ],
    },
  });
  await cluster.kubectl("wait", "--for=condition=Established", "crd/parrots.example.com");
  const parrot = (replicas: number): object => ({
    apiVersion: "example.com/v1",
    kind: "Parrot",
    metadata: { name: "polly" },
    spec: { replicas },
  });
  await cluster.apply(parrot(1));
  assert.match(await cluster.kubectl("get", "pt"), /NAME +TEXT\npolly +hello/);
  assert.match(await cluster.kubectl("explain", "parrot.spec.replicas"), /FIELD: replicas <integer>/);
  await cluster.kubectl("scale", "parrot/polly", "--replicas=4");
  assert.equal(await cluster.kubectl("get", "parrot", "polly", "-o", "jsonpath={.spec.replicas}"), "4");
  const refused = await cluster.tryKubectl("apply", "-f", "-", { input: JSON.stringify(parrot(6)) });
  assert.match(refused.stderr, /spec: Invalid value: .*five are enough/);
  await cluster.kubectl("delete", "crd", "parrots.example.com");
  assert.match(
    (await cluster.tryKubectl("get", "parrots")).stderr,
    /doesn't have a resource type "parrots"|could not find the requested resource/,
  );
});
