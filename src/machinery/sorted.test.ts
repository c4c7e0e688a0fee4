import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { sorted, sortedCopy } from "./sorted.ts";

const names = fc.constantFrom("b", "a", "c", "B", "1", "10", "__proto__");
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(1, "x", null, true),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(names, fc.oneof(tie("value"), fc.constant(undefined)), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

describe("members in order", () => {
  it("a copy has them sorted and leaves out what is absent", () => {
    assert.equal(JSON.stringify(sortedCopy({ b: [{ d: 1, c: 2 }], a: undefined })), '{"b":[{"c":2,"d":1}]}');
  });

  it("what is sorted says the same as the copy, and nothing that was given changes", () => {
    fc.assert(
      fc.property(value, (given) => {
        const before = JSON.stringify(given);
        const expected = sortedCopy(given);
        const view = sorted(given);
        assert.deepEqual(view, expected);
        assert.equal(JSON.stringify(view), JSON.stringify(expected));
        assert.equal(JSON.stringify(given), before);
        assert.equal(sorted(view), view);
      }),
    );
  });

  it("what is in order is shared", () => {
    const inOrder = { a: 1, b: [{ c: 1 }] };
    assert.equal(sorted(inOrder), inOrder);
    const mixed = { a: inOrder, b: { d: 1, c: 1 } };
    const view = sorted(mixed) as typeof mixed;
    assert.equal(view.a, inOrder);
    assert.deepEqual(Object.keys(view.b), ["c", "d"]);
  });
});
