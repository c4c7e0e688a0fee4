import assert from "node:assert/strict";
import { test } from "node:test";
import { servedKinds } from "../../api/serve.ts";
import { builtinSchemas, formatApiVersion, type KubeObject } from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import { bookmarkTable } from "./table.ts";

test("every kind can print a bookmark, and all its cells have a value of their column's type", () => {
  const schemas = builtinSchemas();
  for (const { kind, rules } of servedKinds.filter((each) => each.kind.verbs.includes("watch"))) {
    const resource = { kind, rules, schemas, schema: schemas.ofKind(kind) } as ServedResource;
    const bookmark = {
      kind: kind.kind,
      apiVersion: formatApiVersion(kind),
      metadata: { resourceVersion: "5" },
    } as KubeObject;
    const form = { version: "v1", include: "Metadata", now: 0, columns: false } as const;
    const { rows } = bookmarkTable(resource, bookmark, form) as { rows: { cells: unknown[] }[] };
    for (const cell of rows[0]!.cells)
      assert.ok(cell !== undefined && cell !== null, `${kind.kind}: ${rows[0]!.cells}`);
  }
});
