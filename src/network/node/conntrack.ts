// Ends flows that the kernel still sends to where a service is no longer, by the command conntrack.
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Logger } from "../../base/index.ts";
import type { StaleFlow } from "../proxy/plan.ts";
import { withSystemPath } from "./nft.ts";

/** Makes the kernel forget a flow. What cannot be ended is logged: new connections take the new rules all the same. */
export async function endFlow(flow: StaleFlow, log: Logger): Promise<void> {
  const args = ["-D", "-p", flow.protocol];
  if (flow.originalDestination !== undefined) args.push("--orig-dst", flow.originalDestination);
  if (flow.nodePort !== undefined) args.push("--dport", String(flow.nodePort));
  if (flow.endpoint !== undefined) args.push("--dst-nat", flow.endpoint);
  if ((flow.originalDestination ?? flow.endpoint)?.includes(":")) args.push("-f", "ipv6");
  const child = spawn("conntrack", args, { stdio: ["ignore", "ignore", "pipe"], env: withSystemPath() });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const code = await Promise.race([
    once(child, "close").then(([status]) => status as number | null),
    once(child, "error").then(([error]) => error as Error),
  ]);
  // Status 1 with "0 flow entries" is the usual case: nothing was remembered.
  if (code !== 0 && !errors.includes("0 flow entries"))
    log.warn("stale UDP flows could not be ended", { flow, error: errors.trim() || String(code) });
}
