import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { openAuditLog } from "./audit-log.ts";

test("a full file is set aside under its time, and only so many are kept", async () => {
  const directory = mkdtempSync(join(tmpdir(), "audit-"));
  try {
    const clock = new VirtualClock();
    const path = join(directory, "audit.log");
    const log = openAuditLog({ path, clock, maxSizeMegabytes: 1, maxBackups: 2 });
    const line = `${"x".repeat(600_000)}\n`;
    for (let index = 0; index < 5; index++) {
      log.write(line);
      await clock.advance(1000);
    }
    await log.close();
    const files = readdirSync(directory).sort();
    assert.equal(files.length, 3);
    assert.match(files[0]!, /^audit-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log$/);
    assert.equal(readFileSync(path).length, line.length);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
