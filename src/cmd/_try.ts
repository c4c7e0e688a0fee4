import { run } from "./up.ts";

process.exitCode = await run(process.argv.slice(2));
