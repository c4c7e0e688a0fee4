import assert from "node:assert/strict";
import { test } from "node:test";
import { flowSchemas, priorityLevelConfigurations } from "../../api/index.ts";
import { testServer } from "../testing.ts";

test("every cluster has its flow schemas and levels, and schemas say whether their level is there", async () => {
  const server = await testServer({ priorityAndFairness: true });
  try {
    const settled = (): boolean => {
      const schemas = server.reader.list(flowSchemas);
      return schemas.length === 11 && schemas.every(({ status }) => status?.conditions?.[0]?.status === "False");
    };
    const done = Promise.withResolvers<void>();
    const look = (): void => {
      if (settled()) done.resolve();
    };
    const stop = server.reader.subscribe(flowSchemas, { upsert: look, remove: look });
    await done.promise;
    stop();
    assert.equal(server.reader.list(priorityLevelConfigurations).length, 8);
    const [condition] = server.reader.get(flowSchemas, "", "catch-all")?.status?.conditions ?? [];
    assert.equal(
      condition?.message,
      'This FlowSchema references the PriorityLevelConfiguration object named "catch-all" and it exists',
    );
  } finally {
    await server.close();
  }
});
