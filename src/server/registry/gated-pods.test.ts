import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { testServer } from "../testing.ts";

const container = { name: "c", image: "i" };
const comparing = { tolerations: [{ key: "a", operator: "Gt", value: "5" }], containers: [container] };
const networked = { hostUsers: false, hostNetwork: true, containers: [container] };
const named = (name: string, spec: object) => ({ kind: "Pod", apiVersion: "v1", metadata: { name }, spec });
const set = (spec: object) => ({
  kind: "StatefulSet",
  apiVersion: "apps/v1",
  metadata: { name: "s" },
  spec: {
    serviceName: "s",
    selector: { matchLabels: { a: "b" } },
    template: { metadata: { labels: { a: "b" } }, spec },
  },
});

for (const on of [false, true])
  describe(`gates are ${on ? "on" : "off"}`, () => {
    const gates = { TaintTolerationComparisonOperators: on, UserNamespacesHostNetworkSupport: on };
    let server: Awaited<ReturnType<typeof testServer>>;
    before(async () => {
      server = await testServer({ featureGates: gates, admission: { disable: ["ServiceAccount"] } });
    });
    after(() => server.close());
    const write = async (path: string, body: object): Promise<{ status: number; text: string }> => {
      const { status, object } = await server.transport().request({
        method: "POST",
        path,
        query: new URLSearchParams({ dryRun: "All" }),
        headers: { "content-type": "application/json", accept: "application/json" },
        body: new TextEncoder().encode(JSON.stringify(body)),
      });
      return { status, text: JSON.stringify(object) };
    };
    const pods = "/api/v1/namespaces/default/pods";
    const sets = "/apis/apps/v1/namespaces/default/statefulsets";
    const compared =
      'operator: Unsupported value: \\"Gt\\": supported values: \\"Equal\\", \\"Exists\\", \\"Lt\\", \\"Gt\\"';
    const shared = "hostNetwork: Forbidden: when `hostUsers` is false";
    const rows: readonly (readonly [path: string, body: object, refusal: string])[] = [
      [pods, named("a", comparing), `spec.tolerations[0].${compared}`],
      [pods, named("b", networked), `spec.${shared}`],
      [sets, set(comparing), `spec.template.spec.tolerations[0].${compared}`],
      [sets, set(networked), `spec.template.spec.${shared}`],
    ];
    for (const [path, body, refusal] of rows)
      test(`${path}: ${refusal}`, async () => {
        const { status, text } = await write(path, body);
        assert.equal(status, on ? 201 : 422, text);
        if (!on) assert.ok(text.includes(refusal), text);
      });
  });
