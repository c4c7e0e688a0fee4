// Rules that tell "sent empty" from "absent" look at what a client sends, never at what is stored.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAuthorizer } from "../authz/create.ts";
import { bootstrapRbac } from "../bootstrap/rbac.ts";
import { ask } from "../request.fixture.ts";
import { testServer } from "../testing.ts";

const pods = "/api/v1/namespaces/default/pods";
const pod = (container: object, spec: object): object => ({
  metadata: { name: "p" },
  spec: { containers: [{ name: "c", image: "i", ...container }], ...spec },
});

test("what was sent empty is forgotten once it is stored", async (context) => {
  // The node authorizer reads every pod as it is written.
  const server = await testServer({
    authorizer: (reader) => createAuthorizer(["Node", "RBAC"], reader, {}),
    bootstrap: bootstrapRbac,
    admission: { disable: ["ServiceAccount"] },
  });
  context.after(() => server.close());
  const made = await ask(server, `POST ${pods}`, { body: pod({ resources: { limits: {} } }, {}) });
  assert.equal(made.code, 201, made.text);
  const changed = await ask(server, `PUT ${pods}/p`, { body: pod({}, { priority: 7 }) });
  assert.equal(changed.code, 422);
  assert.match(changed.text, /Priority/);
  assert.doesNotMatch(changed.text, /Limits/);
});
