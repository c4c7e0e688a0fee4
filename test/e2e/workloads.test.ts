// Workloads as they live: restarts, names that stay, schedules, names that resolve, namespaces that empty.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { busyboxImage, busyboxPod, called, startTestCluster, type TestCluster } from "./harness.ts";

let cluster: TestCluster;
before(async () => {
  cluster = await startTestCluster({ name: called("workloads") });
});
after(async () => {
  await cluster?.remove();
});

test("a pod resolves a service by name and reaches it", async () => {
  await cluster.apply([
    busyboxPod("server", ["sh", "-c", "mkdir /www; echo served > /www/index.html; exec httpd -f -p 8080 -h /www"]),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "server" },
      spec: { selector: { app: "server" }, ports: [{ port: 80, targetPort: 8080 }] },
    },
    busyboxPod("client", ["sleep", "10000"]),
  ]);
  await cluster.kubectl("wait", "pod/server", "pod/client", "--for=condition=Ready", "--timeout=60s");
  await cluster.eventually(["exec", "client", "--", "wget", "-qO-", "http://server"], (text) => text === "served\n");
  for (const name of ["server.default", "server.default.svc.cluster.local"])
    assert.equal(await cluster.kubectl("exec", "client", "--", "wget", "-qO-", `http://${name}`), "served\n");
  assert.match(
    await cluster.kubectl("exec", "client", "--", "nslookup", "kubernetes.default.svc.cluster.local"),
    /Address: +10\.\d+\.0\.1\b/,
  );
  assert.match(
    await cluster.kubectl("exec", "client", "--", "cat", "/var/run/secrets/kubernetes.io/serviceaccount/namespace"),
    /^default$/,
  );
});

test("a killed container restarts, and one that keeps failing backs off", async () => {
  await cluster.kubectl("exec", "server", "--", "sh", "-c", "kill 1; kill -9 $(pidof httpd)").catch(() => {});
  await cluster.apply(busyboxPod("mortal", ["sh", "-c", "sleep 1; exit 3"]));
  await cluster.eventually(["get", "pod", "mortal"], (text) => /(Error|CrashLoopBackOff) +[2-9]/.test(text), 90_000);
  assert.equal(
    await cluster.kubectl(
      "get",
      "pod",
      "mortal",
      "-o",
      "jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}",
    ),
    "3",
  );
  assert.match(
    await cluster.kubectl("describe", "pod", "mortal"),
    /Back-off restarting failed container main in pod mortal_default/,
  );
  assert.match(await cluster.kubectl("logs", "mortal", "--previous"), /^$/);
  await cluster.kubectl("delete", "pod", "mortal", "--wait=false");
});

test("a StatefulSet keeps names, order and identity", async () => {
  await cluster.apply([
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "db" },
      spec: { clusterIP: "None", selector: { app: "db" }, ports: [{ port: 80 }] },
    },
    {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "db" },
      spec: {
        serviceName: "db",
        replicas: 2,
        selector: { matchLabels: { app: "db" } },
        template: {
          metadata: { labels: { app: "db" } },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [{ name: "db", image: busyboxImage, command: ["sh", "-c", "hostname; sleep 10000"] }],
          },
        },
      },
    },
  ]);
  await cluster.kubectl("rollout", "status", "statefulset/db", "--timeout=60s");
  assert.equal(
    await cluster.kubectl("get", "pods", "-l", "app=db", "-o", "jsonpath={.items[*].metadata.name}"),
    "db-0 db-1",
  );
  const before = await cluster.kubectl("get", "pod", "db-0", "-o", "jsonpath={.metadata.uid}");
  await cluster.kubectl("delete", "pod", "db-0");
  await cluster.eventually(
    ["get", "pod", "db-0", "-o", "jsonpath={.metadata.uid} {.status.phase}"],
    (text) => /Running$/.test(text) && !text.startsWith(before),
  );
  assert.equal(await cluster.kubectl("logs", "db-0"), "db-0\n");
  await cluster.kubectl("wait", "pod/client", "--for=condition=Ready", "--timeout=60s");
  await cluster.eventually(
    ["exec", "client", "--", "nslookup", "db-1.db.default.svc.cluster.local"],
    (text) => /db-1\.db\.default/.test(text) && /Address: +10\.24\d\./.test(text),
  );
});

test("a DaemonSet runs on the node, a Job completes, a CronJob fires", async () => {
  await cluster.apply([
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: "agent" },
      spec: {
        selector: { matchLabels: { app: "agent" } },
        template: {
          metadata: { labels: { app: "agent" } },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [{ name: "agent", image: busyboxImage, command: ["sleep", "10000"] }],
          },
        },
      },
    },
    {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "tick" },
      spec: {
        schedule: "* * * * *",
        jobTemplate: {
          spec: {
            template: {
              spec: {
                restartPolicy: "Never",
                containers: [{ name: "tick", image: busyboxImage, command: ["echo", "tock"] }],
              },
            },
          },
        },
      },
    },
    {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "sum" },
      spec: {
        completions: 2,
        parallelism: 2,
        completionMode: "Indexed",
        template: {
          spec: {
            restartPolicy: "Never",
            containers: [
              { name: "sum", image: busyboxImage, command: ["sh", "-c", "echo index $JOB_COMPLETION_INDEX"] },
            ],
          },
        },
      },
    },
  ]);
  await cluster.kubectl("rollout", "status", "daemonset/agent", "--timeout=60s");
  await cluster.kubectl("wait", "job/sum", "--for=condition=Complete", "--timeout=60s");
  assert.match(
    await cluster.kubectl("logs", "-l", "job-name=sum", "--tail=-1"),
    /index 0[\s\S]*index 1|index 1[\s\S]*index 0/,
  );
  assert.equal(await cluster.kubectl("get", "job", "sum", "-o", "jsonpath={.status.succeeded}"), "2");
  await cluster.eventually(
    ["get", "jobs", "-o", "jsonpath={range .items[*]}{.metadata.name}={.status.succeeded}{' '}{end}"],
    (text) => /tick-\d+=1/.test(text),
    100_000,
  );
});

test("volumes follow their ConfigMap while the pod runs", async () => {
  await cluster.kubectl("create", "configmap", "live", "--from-literal=key=one");
  await cluster.apply(
    busyboxPod("reader", ["sleep", "10000"], {
      containers: [
        {
          name: "main",
          image: busyboxImage,
          command: ["sleep", "10000"],
          env: [
            { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
            { name: "KEY", valueFrom: { configMapKeyRef: { name: "live", key: "key" } } },
            { name: "BOTH", value: "$(POD)-$(KEY)" },
          ],
          volumeMounts: [{ name: "live", mountPath: "/live" }],
        },
      ],
      volumes: [{ name: "live", configMap: { name: "live" } }],
    }),
  );
  await cluster.kubectl("wait", "pod/reader", "--for=condition=Ready", "--timeout=60s");
  assert.equal(
    await cluster.kubectl("exec", "reader", "--", "sh", "-c", "cat /live/key; echo; echo $BOTH"),
    "one\nreader-one\n",
  );
  await cluster.kubectl("patch", "configmap", "live", "-p", '{"data":{"key":"two"}}');
  await cluster.eventually(["exec", "reader", "--", "cat", "/live/key"], (text) => text === "two", 120_000);
});

test("deleting a namespace empties it", async () => {
  await cluster.kubectl("create", "namespace", "doomed");
  await cluster.kubectl("-n", "doomed", "create", "configmap", "one");
  await cluster.kubectl(
    "-n",
    "doomed",
    "create",
    "deployment",
    "idle",
    `--image=${busyboxImage}`,
    "--",
    "sleep",
    "10000",
  );
  await cluster.kubectl("-n", "doomed", "rollout", "status", "deployment/idle", "--timeout=60s");
  await cluster.kubectl("delete", "namespace", "doomed", "--timeout=80s");
  const gone = await cluster.tryKubectl("get", "namespace", "doomed");
  assert.match(gone.stderr, /namespaces "doomed" not found/);
});
