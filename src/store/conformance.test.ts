import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { silentLogger, VirtualClock } from "../base/index.ts";
import {
  type ModelCommand,
  modelKeys,
  modelPrefixes,
  runAgainstModel,
  type StoreFactory,
  storeConformanceCases,
} from "./conformance.ts";
import { createMemoryStore } from "./memory/memory.ts";
import { openSqliteStore } from "./sqlite/index.ts";

let folder = "";
let files = 0;

const engines: Record<string, { readonly factory: StoreFactory; readonly modelRuns: number }> = {
  memory: { factory: async (options) => createMemoryStore(options), modelRuns: 300 },
  sqlite: {
    factory: (options) => openSqliteStore({ ...options, path: join(folder, `${files++}.db`), log: silentLogger }),
    modelRuns: 25,
  },
};

const operation = fc.record({
  key: fc.nat(modelKeys.length - 1),
  type: fc.constantFrom("put", "put", "delete"),
  expect: fc.constantFrom("any", "any", "absent", "current", "current", "stale"),
});
const commit = fc.uniqueArray(operation, { minLength: 1, maxLength: 4, selector: ({ key }) => key });
const back = fc.nat(12);
const command: fc.Arbitrary<ModelCommand> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant("commit"), commits: fc.array(commit, { minLength: 1, maxLength: 6 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("range"),
      prefix: fc.nat(modelPrefixes.length - 1),
      limit: fc.nat(4),
      after: fc.nat(modelKeys.length * 2),
      back,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("watch"), prefix: fc.nat(modelPrefixes.length - 1), back }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("compact"), back }) },
);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "store-"));
});
after(() => rm(folder, { recursive: true }));

for (const [engine, { factory, modelRuns }] of Object.entries(engines))
  describe(engine, () => {
    for (const { name, run } of storeConformanceCases) test(name, () => run(factory));

    test("random commands have the model's results and events", async () => {
      const property = fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
        const store = await factory({ clock: new VirtualClock() });
        try {
          await runAgainstModel(store, commands);
        } finally {
          await store.close();
        }
      });
      await fc.assert(property, { numRuns: modelRuns });
    });
  });
