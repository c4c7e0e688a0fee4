import assert from "node:assert/strict";
import { test } from "node:test";
import { requests } from "./signature.fixture.ts";
import { signatureProblem } from "./signature.ts";

for (const [name, problem, der] of requests)
  test(`a request's signature: ${name}`, async () => {
    const bytes = Uint8Array.from(atob(der), (each) => each.charCodeAt(0));
    assert.equal((await signatureProblem(bytes)) ?? "", problem);
  });
