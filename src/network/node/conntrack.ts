// Ends flows that the kernel still sends to where a service is no longer, by the command conntrack.
import { errorText, type Logger } from "../../base/index.ts";
import type { StaleFlow } from "../proxy/plan.ts";
import { runWithInput } from "./nft.ts";

/** Makes the kernel forget a flow. What cannot be ended is logged: new connections take the new rules all the same. */
export async function endFlow(flow: StaleFlow, log: Logger): Promise<void> {
  const args = ["-D", "-p", flow.protocol];
  if (flow.originalDestination !== undefined) args.push("--orig-dst", flow.originalDestination);
  if (flow.nodePort !== undefined) args.push("--dport", String(flow.nodePort));
  if (flow.endpoint !== undefined) args.push("--dst-nat", flow.endpoint);
  if (flow.endpointPort !== undefined) args.push("--reply-port-src", String(flow.endpointPort));
  if ((flow.originalDestination ?? flow.endpoint)?.includes(":")) args.push("-f", "ipv6");
  let why: string;
  try {
    const { code, errors } = await runWithInput(["conntrack", ...args], { input: "" });
    // Status 1 with "0 flow entries" is the usual case: nothing was remembered.
    if (code === 0 || errors.includes("0 flow entries")) return;
    why = errors.trim() || `it ended with ${code}`;
  } catch (error) {
    why = errorText(error); // it is not installed, say
  }
  log.warn("stale UDP flows could not be ended by conntrack", { flow, error: why });
}
