// Makes the table of what kube-apiserver publishes as OpenAPI: one digest for each part, without the words.
//
//   NODE_EXTRA_CA_CERTS=ca.crt TOKEN=… node facts/generate-openapi-structure.ts https://HOST:PORT
//
// The server runs with --runtime-config=api/all=true and feature gates by default. Writes openapi-structure.json beside this file.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { structureOfV2, structureOfV3 } from "../src/server/openapi/structure.fixture.ts";

const [server] = process.argv.slice(2);
const token = process.env["TOKEN"];
if (server === undefined || token === undefined) {
  console.error("usage: TOKEN=… node facts/generate-openapi-structure.ts https://HOST:PORT");
  process.exit(2);
}

async function get<T>(path: string): Promise<T> {
  const headers = { authorization: `Bearer ${token}`, accept: "application/json" };
  const answer = await fetch(`${server}${path}`, { headers });
  if (!answer.ok) throw new Error(`${server}${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

const v2 = structureOfV2(await get("/openapi/v2"));
const { paths } = await get<{ paths: Record<string, { serverRelativeURL: string }> }>("/openapi/v3");
const documents: Record<string, Record<string, unknown>> = {};
for (const [name, { serverRelativeURL }] of Object.entries(paths)) documents[name] = await get(serverRelativeURL);
const lines = (table: object): string =>
  Object.entries(table)
    .map((entry) => entry.map((each) => JSON.stringify(each)).join(":"))
    .join(",\n");
writeFileSync(
  join(dirname(fileURLToPath(import.meta.url)), "openapi-structure.json"),
  `{"v2":{\n${lines(v2)}\n},"v3":{\n${lines(structureOfV3(documents))}\n}}\n`,
);
