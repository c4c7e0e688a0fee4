// Makes columns.json: the columns of every kind's Table form, out of the recorded answers in test/corpus.
//
//   node facts/generate-columns.ts
//
// By `group/version/Kind`; the descriptions that every Name and Age column shares are left out.
import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly priority: number;
  readonly description: string;
}
interface Case {
  readonly id: string;
  readonly out: readonly {
    readonly body?: { readonly kind?: string; readonly columnDefinitions?: readonly Column[] };
  }[];
}

const shared = /^(Name must be unique within|CreationTimestamp is a timestamp)/;
/** Groups that the project does not serve by kinds of its own yet. */
const skipped = /^(apiextensions)\./;

const compact = ({ name, type, format, priority, description }: Column): object => ({
  name,
  type,
  ...(format === "" ? {} : { format }),
  priority,
  ...(shared.test(description) ? {} : { description }),
});

const tables = new Map<string, readonly Column[]>();
const recorded = gunzipSync(readFileSync(new URL("../test/corpus/kinds.jsonl.gz", import.meta.url)));
for (const line of recorded.toString().split("\n")) {
  const { id, out } = JSON.parse(line) as Case;
  const [, kind, apiVersion] = /^create\/(\w+)\.((?:[\w.-]+\/)?v\d\w*)\//.exec(id) ?? [];
  const columns = out.find(({ body }) => body?.kind === "Table")?.body?.columnDefinitions;
  if (apiVersion === undefined || columns === undefined || skipped.test(apiVersion)) continue;
  const key = `${apiVersion}/${kind}`;
  if (!tables.has(key)) tables.set(key, columns);
}
const blocks = [...tables]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(
    ([key, columns]) =>
      `${JSON.stringify(key)}:[\n${columns.map((each) => `  ${JSON.stringify(compact(each))}`).join(",\n")}\n]`,
  );
writeFileSync(new URL("columns.json", import.meta.url), `{\n${blocks.join(",\n")}\n}\n`);
