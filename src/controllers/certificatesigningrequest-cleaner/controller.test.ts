import assert from "node:assert/strict";
import { test } from "node:test";
import type { CertificateSigningRequest } from "../../api/index.ts";
import { whyRemoved } from "./controller.ts";

const nowMs = Date.UTC(2026, 0, 2);
const ago = (minutes: number): string => new Date(nowMs - minutes * 60_000).toISOString().replace(".000", "");
const csr = (types: readonly string[], minutes: number, certificate?: string): CertificateSigningRequest =>
  ({
    metadata: { name: "r", creationTimestamp: ago(minutes) },
    spec: {},
    status: {
      conditions: types.map((type) => ({ type, status: "True", lastUpdateTime: ago(minutes) })),
      ...(certificate === undefined ? {} : { certificate }),
    },
  }) as CertificateSigningRequest;

const table: readonly [string, CertificateSigningRequest, number | undefined, RegExp | undefined][] = [
  ["pending, young", csr([], 1439), undefined, undefined],
  ["pending, old", csr([], 1441), undefined, /nobody decided/],
  ["denied, young", csr(["Denied"], 59), undefined, undefined],
  ["denied, old", csr(["Denied"], 61), undefined, /denied/],
  ["failed, old", csr(["Failed"], 61), undefined, /failed/],
  ["issued, young", csr(["Approved"], 59, "c"), nowMs + 1, undefined],
  ["issued, old", csr(["Approved"], 61, "c"), nowMs + 1, /issued/],
  ["issued, expired", csr(["Approved"], 1, "c"), nowMs - 1, /expired/],
  ["approved, not signed for an hour", csr(["Approved"], 61), undefined, undefined],
  ["approved, not signed for a day", csr(["Approved"], 1441), undefined, /not signed/],
];
for (const [what, request, endMs, expected] of table)
  test(what, () => {
    const why = whyRemoved(request, { nowMs, endMs });
    if (expected === undefined) assert.equal(why, undefined);
    else assert.match(why ?? "it stays", expected);
  });
