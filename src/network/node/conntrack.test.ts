// What conntrack says, or that there is none, is told and keeps nobody from the new rules.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createLogger, type LogRecord, systemClock } from "../../base/index.ts";
import { endFlow } from "./conntrack.ts";

const directory = mkdtempSync(join(tmpdir(), "t8s-conntrack-"));
const path = process.env["PATH"];
process.env["PATH"] = `${directory}:${path}`;
after(() => {
  process.env["PATH"] = path;
  rmSync(directory, { recursive: true });
});

const saying = (words: string, status: number): string => `#!/bin/sh\necho '${words}' >&2; exit ${status}\n`;
const address = "10.96.0.10";
const cases = [
  { name: "nothing was remembered", program: saying("0 flow entries have been deleted", 1), address, told: [] },
  { name: "it refuses", program: saying("Operation failed", 2), address, told: ["Operation failed"] },
  // More than the kernel takes as an argument.
  { name: "it cannot be started", program: saying("", 0), address: "1".repeat(200_000), told: ["spawn E2BIG"] },
];

for (const { name, program, address: originalDestination, told } of cases)
  test(name, async () => {
    writeFileSync(join(directory, "conntrack"), program, { mode: 0o755 });
    const records: LogRecord[] = [];
    const log = createLogger({ clock: systemClock, component: "", write: (record) => void records.push(record) });
    await endFlow({ protocol: "udp", originalDestination }, log);
    assert.deepEqual(
      records.map(({ fields }) => fields["error"]),
      told,
    );
  });
