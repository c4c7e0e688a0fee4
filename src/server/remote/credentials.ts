// Which user of a kubeconfig the server is towards a webhook: the file's users are named after hosts.
// Upstream: apiserver/pkg/util/webhook/authentication.go.
import type { CallerCredentials, KubeconfigUsers } from "../contract.ts";

/** Names that fit `host`, with or without a port, the closest first: itself, then `*.` and what follows each dot. */
function* namesFor(host: string): Generator<string> {
  yield host;
  const steps = host.split(".");
  for (let first = 1; first < steps.length; first++) yield `*.${steps.slice(first).join(".")}`;
}

/** `target`: `host:port`. Nothing: the server does not say who it is. Throws Error when the user that fits can not be used. */
export function credentialsFor({ users, current }: KubeconfigUsers, target: string): CallerCredentials {
  const withoutPort = /^\[?([^\]]*?)\]?:443$/.exec(target)?.[1];
  const names = [...namesFor(target), ...(withoutPort === undefined ? [] : namesFor(withoutPort)), "*"];
  const found = names.find((name) => users.has(name)) ?? current ?? "";
  return users.get(found)?.() ?? {};
}
