// What a host's name stands for, as the machine resolves it.
import { getServers } from "node:dns";
import { lookup } from "node:dns/promises";

/** All addresses. Throws with the text of Go's resolver, which asks the machine's first name server. */
export async function addressesOf(hostname: string): Promise<readonly string[]> {
  try {
    return (await lookup(hostname, { all: true })).map(({ address }) => address);
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code !== "ENOTFOUND" && code !== "EAI_AGAIN") throw error;
    throw new Error(`lookup ${hostname}${firstServer()}: no such host`);
  }
}

function firstServer(): string {
  const [server] = getServers();
  if (server === undefined) return "";
  const withPort = /^\[.+\]:\d+$|^[^:]+:\d+$/.test(server);
  return ` on ${withPort ? server : `${server.includes(":") ? `[${server}]` : server}:53`}`;
}
