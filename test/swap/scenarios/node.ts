// What the node does: services reached, containers probed, volumes filled, logs and commands passed through.
import {
  configMaps,
  endpointSlices,
  events,
  jobs,
  pods,
  secrets,
  services,
  tokenReviews,
} from "../../../src/api/index.ts";
import { conditionOf, expect, isReady, newPod, podSpec, readyPods, type Scenario } from "../stage.ts";

export const service: Scenario = {
  name: "service",
  about: "a cluster IP and a node port reach the ready pods, and refuse when there is none",
  async run(stage) {
    const { namespace, client, nodeAddress } = stage;
    const serve = "mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www";
    await stage.create(pods, newPod(stage, "server", { command: ["sh", "-c", serve] }));
    const made = await stage.create(services, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "front", namespace },
      spec: { type: "NodePort", selector: { app: "server" }, ports: [{ port: 80, targetPort: 8080 }] },
    });
    await stage.until(endpointSlices, {
      what: "a ready endpoint",
      select: { labelSelector: "kubernetes.io/service-name=front" },
      holds: (slices) => slices.some((slice) => slice.endpoints?.some(({ conditions }) => conditions?.ready)),
    });
    const { clusterIP, ports } = made.spec!;
    const ask = async (name: string, target: string): Promise<void> => {
      const command = `until wget -qO- http://${target}; do sleep 0.3; done`;
      await stage.create(jobs, {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name, namespace },
        spec: { template: { spec: podSpec({ command: ["sh", "-c", command], spec: { restartPolicy: "Never" } }) } },
      });
      await stage.untilOne(jobs, name, {
        what: `an answer of ${target}`,
        holds: (job) => conditionOf(job, "Complete") === "True",
      });
      const said = await stage.kubectl("logs", `job/${name}`);
      expect(said.endsWith("server\n"), `${target} answered ${said}`);
    };
    await Promise.all([ask("by-address", `${clusterIP}:80`), ask("by-node", `${nodeAddress}:${ports![0]!.nodePort}`)]);
    await stage.create(pods, newPod(stage, "client"));
    await stage.untilOne(pods, "client", { what: "Ready", holds: isReady });
    await client.of(pods).delete({ namespace, name: "server" });
    await stage.until(endpointSlices, {
      what: "no endpoint",
      select: { labelSelector: "kubernetes.io/service-name=front" },
      holds: (slices) => slices.every((slice) => (slice.endpoints ?? []).length === 0),
    });
    const refused = `for i in 1 2 3 4 5 6 7 8 9 10; do nc -w 2 ${clusterIP} 80 </dev/null || { echo refused; exit 0; }; sleep 1; done`;
    expect((await stage.kubectl("exec", "client", "--", "sh", "-c", refused)) === "refused\n", "it still answers");
  },
};

export const probes: Scenario = {
  name: "probes",
  about: "a failing liveness probe restarts, a readiness probe decides on Ready",
  async run(stage) {
    await stage.create(
      pods,
      newPod(stage, "sickly", {
        command: ["sh", "-c", "touch /tmp/fine; sleep 4; rm /tmp/fine; exec sleep 10000"],
        container: {
          livenessProbe: { exec: { command: ["cat", "/tmp/fine"] }, periodSeconds: 1, failureThreshold: 2 },
        },
      }),
    );
    await stage.create(
      pods,
      newPod(stage, "late", {
        command: ["sh", "-c", "sleep 5; mkdir /www; echo ok > /www/ready; exec httpd -f -p 8080 -h /www"],
        container: { readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1 } },
      }),
    );
    await stage.untilOne(pods, "sickly", {
      what: "a restart",
      holds: ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) >= 1,
    });
    await stage.until(events, {
      what: "the event of the failed probe",
      select: { fieldSelector: "reason=Unhealthy,involvedObject.name=sickly" },
      holds: (found) => found.some(({ message }) => /^Liveness probe failed: cat: /.test(message ?? "")),
    });
    const late = await stage.untilOne(pods, "late", { what: "Ready", holds: isReady });
    const readyAt = late.status?.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime ?? "";
    const startedAt = late.status?.containerStatuses?.[0]?.state?.running?.startedAt ?? "";
    // It serves after five seconds; times are told in whole ones.
    expect(
      Date.parse(readyAt) - Date.parse(startedAt) >= 4000,
      `started at ${startedAt}, the pod was Ready at ${readyAt}`,
    );
  },
};

export const volumes: Scenario = {
  name: "volumes",
  about: "configuration, secrets, the pod's own facts and a token that the API server knows",
  async run(stage) {
    const { namespace, client } = stage;
    await stage.create(configMaps, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "conf", namespace },
      data: { key: "one" },
    });
    await stage.create(secrets, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "hush", namespace },
      data: { word: Buffer.from("open sesame").toString("base64") },
    });
    await stage.create(
      pods,
      newPod(stage, "reader", {
        command: [
          "sh",
          "-c",
          "echo $(cat /all/key) $WORD $POD $(cat /all/labels); cat /var/run/secrets/kubernetes.io/serviceaccount/token; echo; exec sleep 10000",
        ],
        container: {
          env: [
            { name: "WORD", valueFrom: { secretKeyRef: { name: "hush", key: "word" } } },
            { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
          ],
          volumeMounts: [{ name: "all", mountPath: "/all" }],
        },
        spec: {
          volumes: [
            {
              name: "all",
              projected: {
                sources: [
                  { configMap: { name: "conf" } },
                  { downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
                ],
              },
            },
          ],
        },
      }),
    );
    await readyPods(stage, "reader", 1);
    const text = await stage.untilLog("reader", (log) => log.split("\n").length >= 3);
    const [facts, token] = text.split("\n");
    expect(facts === 'one open sesame reader app="reader"', `the pod read ${facts}`);
    const review = await stage.create(tokenReviews, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      metadata: { name: "" },
      spec: { token: token! },
    });
    const { authenticated, user } = review.status ?? {};
    expect(
      authenticated === true && user?.username === `system:serviceaccount:${namespace}:default`,
      `the token is that of ${user?.username}`,
    );
    expect(user.extra?.["authentication.kubernetes.io/pod-name"]?.[0] === "reader", "the token does not name its pod");
    await client.of(configMaps).patch({ namespace, name: "conf" }, { data: { key: "two" } }, { type: "merge" });
    const followed = "until [ $(cat /all/key) = two ]; do sleep 0.5; done; echo followed";
    expect(
      (await stage.kubectl("exec", "reader", "--", "sh", "-c", followed)) === "followed\n",
      "the file stays as it was",
    );
  },
};

export const streams: Scenario = {
  name: "streams",
  about: "logs, exec with its exit status, and port-forward's way through the API server",
  async run(stage) {
    await stage.create(pods, newPod(stage, "talker", { command: ["sh", "-c", "echo hello; exec sleep 10000"] }));
    await readyPods(stage, "talker", 1);
    await stage.untilLog("talker", (text) => text === "hello\n");
    expect((await stage.kubectl("logs", "talker", "--tail=1")) === "hello\n", "kubectl logs says something else");
    // Often: what gets lost gets lost at times.
    for (let count = 1; count <= 8; count++) {
      const said = await stage.kubectl("exec", "talker", "--", "echo", `hi ${count}`);
      expect(said === `hi ${count}\n`, `kubectl exec for the ${count}. time says ${JSON.stringify(said)}`);
    }
    const failed = await stage.kubectl("exec", "talker", "--", "sh", "-c", "exit 42").then(
      () => "no failure",
      (error: Error) => error.message,
    );
    expect(/exit code 42/.test(failed), `an exit status of 42 is shown as ${failed}`);
    const summary = await stage.client.raw(`/api/v1/nodes/${stage.nodeName}/proxy/stats/summary`);
    expect(
      summary.status === 200 && summary.text.includes('"talker"'),
      `the node's summary is answered ${summary.status}`,
    );
  },
};
