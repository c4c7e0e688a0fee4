// Services, DNS, node and host ports, as pods and the machine itself meet them on a real cluster.
import assert from "node:assert/strict";
import { request } from "node:https";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { streamDecode, streamEncode } from "dns-packet";
import { busyboxImage, busyboxPod, called, startTestCluster, type TestCluster } from "./harness.ts";

let cluster: TestCluster;

/** Serves its own name. */
const server = (name: string, labels: object, container: object = {}): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: "main",
        image: busyboxImage,
        command: ["sh", "-c", "mkdir /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www"],
        readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
        ...container,
      },
    ],
  },
});
const service = (name: string, spec: object): object => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: 8080 }], ...spec },
});

before(async () => {
  cluster = await startTestCluster({ name: called("network") });
  await cluster.apply([
    server("one", { app: "web" }),
    server("two", { app: "web" }),
    server(
      "host",
      { app: "host" },
      {
        ports: [
          { containerPort: 8080, hostPort: 38_080 },
          { containerPort: 8080, hostPort: 38_081, hostIP: "127.0.0.1" },
        ],
      },
    ),
    busyboxPod("client", ["sleep", "10000"]),
    busyboxPod("relay", ["sh", "-c", "exec nc -ll -p 9000 -e nc kubernetes.default 443"]),
    service("web", {}),
    service("twin", { ports: [{ port: 8000, targetPort: 8080 }] }),
    service("sticky", { sessionAffinity: "ClientIP" }),
    service("near", { internalTrafficPolicy: "Local" }),
    service("door", { type: "NodePort", ports: [{ port: 80, targetPort: 8080, nodePort: 31_080 }] }),
    service("many", { clusterIP: "None" }),
    service("empty", { selector: { app: "nobody" } }),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "alias" },
      spec: { type: "ExternalName", externalName: "web.default.svc.cluster.local" },
    },
  ]);
  await cluster.kubectl("wait", "pod", "--all", "--for=condition=Ready", "--timeout=60s");
  await cluster.eventually(
    [
      "get",
      "endpointslices",
      "-l",
      "kubernetes.io/service-name=near",
      "-o",
      "jsonpath={.items[*].endpoints[*].conditions.ready}",
    ],
    (text) => text === "true true",
  );
});
after(async () => {
  await cluster?.remove();
});

const inClient = (script: string): Promise<string> => cluster.kubectl("exec", "client", "--", "sh", "-c", script);
const fromPod = async (url: string): Promise<string> => (await inClient(`timeout 5 wget -qO- ${url}`)).trim();
const fromHost = async (url: string): Promise<string> => (await (await fetch(url)).text()).trim();
const nodeIp = (): Promise<string> =>
  cluster.kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.addresses[?(@.type=='InternalIP')].address}");

/** Answers of many requests, made one after the other by one pod. */
const answers = async (url: string, times: number): Promise<string[]> =>
  (await inClient(`for i in $(seq ${times}); do timeout 5 wget -qO- ${url}; done`)).trim().split("\n");

test("the search path resolves names in one, two and all labels", async () => {
  assert.match(
    await inClient("cat /etc/resolv.conf"),
    /^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/,
  );
  for (const name of ["web", "web.default", "web.default.svc", "web.default.svc.cluster.local"])
    assert.match(await fromPod(`http://${name}`), /^(one|two)$/, name);
});

test("a service spreads clients; session affinity keeps them; two services share the same pods", async () => {
  assert.deepEqual([...new Set(await answers("http://web", 24))].sort(), ["one", "two"]);
  assert.equal(new Set(await answers("http://sticky", 12)).size, 1);
  assert.deepEqual([...new Set(await answers("http://twin:8000", 24))].sort(), ["one", "two"]);
  assert.match(await fromPod("http://near"), /^(one|two)$/, "internalTrafficPolicy Local, endpoints here");
});

test("an ExternalName service is an alias; a headless one names every pod, and where its port is", async () => {
  assert.match(
    await inClient("nslookup alias.default.svc.cluster.local"),
    /canonical name = web\.default\.svc\.cluster\.local/,
  );
  assert.match(await fromPod("http://alias"), /^(one|two)$/);
  const ips = (await cluster.kubectl("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].status.podIP}")).split(
    " ",
  );
  const listed = await inClient("nslookup many.default.svc.cluster.local");
  for (const ip of ips) assert.ok(listed.includes(`Address: ${ip}\n`), listed);
  const located = await inClient("nslookup -type=srv _http._tcp.many.default.svc.cluster.local");
  for (const ip of ips) {
    const name = `${ip.replaceAll(".", "-")}.many.default.svc.cluster.local`;
    assert.ok(located.includes(`service = 0 50 8080 ${name}\n`), located);
    assert.match(await inClient(`nslookup ${ip}`), new RegExp(`name = ${name.replaceAll(".", "\\.")}`));
  }
});

test("node ports answer under the node's address and under localhost", async () => {
  for (const address of [await nodeIp(), "127.0.0.1"])
    assert.match(await fromHost(`http://${address}:31080`), /^(one|two)$/, address);
  assert.match(await fromPod(`http://${await nodeIp()}:31080`), /^(one|two)$/);
});

test("host ports answer under the addresses they are meant for, and the pod itself may use them", async () => {
  const address = await nodeIp();
  assert.equal(await fromHost(`http://${address}:38080`), "host");
  assert.equal(await fromHost("http://127.0.0.1:38080"), "host");
  assert.equal(await fromHost("http://127.0.0.1:38081"), "host");
  await assert.rejects(fromHost(`http://${address}:38081`));
  assert.equal(await fromPod(`http://${address}:38080`), "host");
  assert.match(await cluster.kubectl("exec", "host", "--", "wget", "-qO-", `http://${address}:38080`), /^host$/m);
  const closed = await inClient("wget -qO- http://127.0.0.1:38080 2>&1 || true");
  assert.match(closed, /refused/, "the node's loopback is not the pods'");
});

test("a service without endpoints refuses at once", async () => {
  assert.match(await inClient("timeout 5 wget -qO- http://empty 2>&1 || true"), /Connection refused/);
});

test("DNS answers over TCP", async () => {
  const dnsIp = await cluster.kubectl(
    "get",
    "service",
    "kube-dns",
    "-n",
    "kube-system",
    "-o",
    "jsonpath={.spec.clusterIP}",
  );
  const socket = connect(53, dnsIp);
  socket.end(streamEncode({ type: "query", id: 7, questions: [{ type: "A", name: "web.default.svc.cluster.local" }] }));
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const [answer] = streamDecode(Buffer.concat(chunks)).answers ?? [];
  assert.ok(answer?.type === "A");
  assert.equal(answer.data, await cluster.kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}"));
});

test("a pod reaches the API as kubernetes.default, with the token and authority that it was given", async () => {
  const mounted = (file: string): Promise<string> =>
    cluster.kubectl("exec", "relay", "--", "cat", `/var/run/secrets/kubernetes.io/serviceaccount/${file}`);
  const [token, ca] = await Promise.all([mounted("token"), mounted("ca.crt")]);
  const ip = await cluster.kubectl("get", "pod", "relay", "-o", "jsonpath={.status.podIP}");
  // The pod has no TLS program: it passes on the bytes, over its own network and by the name that it resolves.
  const body = await new Promise<string>((resolve, reject) => {
    const call = request(
      {
        host: ip,
        port: 9000,
        servername: "kubernetes.default",
        ca,
        agent: false,
        method: "POST",
        path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", connection: "close" },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve(text));
      },
    );
    call.on("error", reject);
    call.end(JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" }));
  });
  const review = JSON.parse(body) as { status?: { userInfo?: { username?: string } } };
  assert.equal(review.status?.userInfo?.username, "system:serviceaccount:default:default", body);
});

test("endpoints leave when their pod is deleted, host ports close", async () => {
  await cluster.kubectl("delete", "pod", "two", "host");
  await cluster.eventually(
    ["exec", "client", "--", "sh", "-c", "for i in $(seq 8); do timeout 2 wget -qO- http://web; done"],
    (text) => /^(one\n){8}$/.test(text),
  );
  const listed = await inClient("nslookup many.default.svc.cluster.local");
  assert.equal(listed.match(/^Address: /gm)?.length, 1, listed);
  await assert.rejects(fromHost("http://127.0.0.1:38080"));
});
