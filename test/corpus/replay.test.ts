// The recorded corpus, played in the order in which it was recorded against one server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { difference, isSetup, readCases } from "./cases.ts";
import { type Replayer, startReplayer } from "./replay.ts";

/** How many cases of each file agree at least. These figures only rise. */
const floors: Readonly<Record<string, number>> = {
  kinds: 6525,
  apply: 198,
  patch: 175,
  requests: 402,
  auth: 213,
  watch: 51,
  crd: 382,
  cel: 1371,
  policy: 188,
};

let replayer: Replayer;
before(async () => {
  replayer = await startReplayer();
});
after(() => replayer[Symbol.asyncDispose]());

for (const [name, floor] of Object.entries(floors))
  test(`${name}: at least ${floor} cases are answered as recorded`, async (t) => {
    const differences: string[] = [];
    let [agreed, cases] = [0, 0];
    for (const each of readCases(name)) {
      const found = difference(each, await replayer.run(each));
      if (isSetup(each)) continue;
      cases++;
      if (found === undefined) agreed++;
      else differences.push(found);
    }
    t.diagnostic(`${name}: ${agreed} of ${cases} agree`);
    assert.ok(
      agreed >= floor,
      `${agreed} of ${cases} agree, ${floor} did before:\n${differences.slice(0, 5).join("\n")}`,
    );
  });
