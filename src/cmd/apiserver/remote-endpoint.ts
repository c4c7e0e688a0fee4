// Where a kubeconfig points, for services that the API server calls. Upstream: apiserver/pkg/util/webhook LoadKubeconfig.
import { loadKubeconfig } from "../../client/node/index.ts";
import type { RemoteEndpoint } from "../../server/index.ts";

const decoder = new TextDecoder();
const textOf = (pem: string | Uint8Array): string => (typeof pem === "string" ? pem : decoder.decode(pem));

/** Throws Error that says what the file lacks. */
export function endpointOf(kubeconfigFile: string): RemoteEndpoint {
  const { transport } = loadKubeconfig(kubeconfigFile);
  const { server, ca, cert, key, token, basic, serverName, insecure } = transport;
  const authorization =
    token !== undefined
      ? async (): Promise<string> => `Bearer ${typeof token === "string" ? token : await token()}`
      : basic !== undefined
        ? (): string => `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString("base64")}`
        : undefined;
  return {
    url: server,
    ...(ca === undefined ? {} : { authorities: textOf(ca) }),
    ...(cert === undefined || key === undefined ? {} : { certificate: textOf(cert), key: textOf(key) }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(insecure === undefined ? {} : { insecure }),
    ...(authorization === undefined ? {} : { authorization }),
  };
}
