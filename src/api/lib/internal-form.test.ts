import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonDiff } from "./diff.ts";
import { internalForm, selectorForm } from "./internal-form.ts";

test("a change of a pod's spec is shown as kube-apiserver 1.36.3 shows it", () => {
  const spec = (hostIP?: string): object => ({
    containers: [{ name: "c", ports: [{ name: "http", containerPort: 8080, protocol: "TCP", hostIP }] }],
  });
  const [before, after] = [internalForm("core.PodSpec", spec()), internalForm("core.PodSpec", spec("10.0.0.1"))];
  assert.equal(
    jsonDiff(before, after),
    '@@ -14,7 +14,7 @@\n      "HostPort": 0,\n      "ContainerPort": 8080,\n      "Protocol": "TCP",\n-     "HostIP": ""\n+     "HostIP": "10.0.0.1"\n     }\n    ],\n    "EnvFrom": null,\n',
  );
  assert.equal(jsonDiff(before, before), "");
});

test("fields of Go's types stand in their order, with zero values and those of the object around", () => {
  assert.deepEqual(internalForm("core.ServicePort", { port: 80, protocol: "TCP" }), {
    Name: "",
    Protocol: "TCP",
    AppProtocol: null,
    Port: 80,
    TargetPort: 0,
    NodePort: 0,
  });
  const { SecurityContext } = internalForm("core.PodSpec", { hostNetwork: true, containers: [] }) as {
    SecurityContext: Record<string, unknown>;
  };
  assert.equal(SecurityContext["HostNetwork"], true);
  assert.equal(SecurityContext["HostPID"], false);
  assert.equal(
    JSON.stringify(selectorForm({ matchExpressions: [{ values: ["x"], operator: "In", key: "a" }] })),
    '{"matchExpressions":[{"key":"a","operator":"In","values":["x"]}]}',
  );
});
