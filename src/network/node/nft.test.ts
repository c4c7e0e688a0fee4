// How a transaction gets to nft, whatever nft takes; what the kernel makes of it is tested where rules are made.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runNft } from "./nft.ts";

const directory = mkdtempSync(join(tmpdir(), "t8s-nft-"));
const path = process.env["PATH"];
process.env["PATH"] = `${directory}:${path}`;
after(() => {
  process.env["PATH"] = path;
  rmSync(directory, { recursive: true });
});

const taken = join(directory, "taken");
/** A program in nft's place. */
const nftIs = (script: string): void =>
  writeFileSync(join(directory, "nft"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
const refusesSockets = `if [ -S /dev/stdin ]; then echo 'internal:0:0-0: Error: Not a regular file: "/dev/stdin"' >&2; exit 1; fi`;

test("nft's own words are told", async () => {
  nftIs(`cat >/dev/null; echo "Error: syntax error, unexpected ;" >&2; exit 1`);
  await assert.rejects(runNft("table ;"), { message: "nft refused the rules: Error: syntax error, unexpected ;" });
});

test("a transaction arrives whole, at an nft that refuses sockets too", async () => {
  // More than a pipe holds at a time.
  const transaction = "add rule ip t8s chain counter\n".repeat(10_000);
  for (const script of [`cat >${taken}`, `${refusesSockets}\ncat >${taken}`, `${refusesSockets}\ncat >${taken}`]) {
    nftIs(script);
    rmSync(taken, { force: true });
    await runNft(transaction);
    assert.equal(readFileSync(taken, "utf8"), transaction);
  }
  nftIs("cat >/dev/null; echo no such table >&2; exit 1");
  await assert.rejects(runNft("delete table ip t8s"), /^Error: nft refused the rules: no such table$/);
});
