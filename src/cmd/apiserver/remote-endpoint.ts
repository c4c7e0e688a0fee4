// What a kubeconfig says of services that the API server calls: where they are, who it is towards them.
// Upstream: apiserver/pkg/util/webhook LoadKubeconfig, authentication.go.
import { errorText } from "../../base/index.ts";
import { type HttpTransportOptions, loadKubeconfig, loadKubeconfigUsers } from "../../client/node/index.ts";
import { fromYaml, isObject } from "../../machinery/index.ts";
import type { CallerCredentials, KubeconfigUsers, RemoteEndpoint } from "../../server/index.ts";
import { fileProblem, openFile } from "./flag-files.ts";

const decoder = new TextDecoder();
const textOf = (pem: string | Uint8Array): string => (typeof pem === "string" ? pem : decoder.decode(pem));

/** Throws Error that says what the file lacks. */
export function endpointOf(kubeconfigFile: string): RemoteEndpoint {
  const problem = fileProblem(kubeconfigFile);
  if (typeof problem === "object") throw new Error(problem.error);
  checkDocument(kubeconfigFile);
  const { transport } = loadKubeconfig(kubeconfigFile);
  const { server, ca, serverName, insecure } = transport;
  const { headers: _impersonation, ...credentials } = credentialsOf(transport);
  return {
    url: server,
    ...(ca === undefined ? {} : { authorities: textOf(ca) }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(insecure === undefined ? {} : { insecure }),
    ...credentials,
  };
}

/** Throws Error in upstream's words for a file that is no kubeconfig at all. */
function checkDocument(path: string): void {
  const text = openFile(path);
  let why: string;
  try {
    const [document] = fromYaml(text);
    if (document === undefined || document === null || isObject(document)) return;
    const type = Array.isArray(document) ? "array" : typeof document;
    why = `couldn't get version/kind; json parse error: json: cannot unmarshal ${type} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
  } catch (error) {
    why = errorText(error);
  }
  throw new Error(`error loading config file ${JSON.stringify(path)}: ${why}`);
}

/** Throws Error that says why the file can not be read. Each user is made once. */
export function usersOf(kubeconfigFile: string): KubeconfigUsers {
  const { users, ...rest } = loadKubeconfigUsers(kubeconfigFile);
  const made = new Map<string, CallerCredentials>();
  const once = (name: string, make: () => Partial<HttpTransportOptions>): CallerCredentials => {
    const known = made.get(name) ?? credentialsOf(make());
    made.set(name, known);
    return known;
  };
  return { users: new Map([...users].map(([name, make]) => [name, () => once(name, make)])), ...rest };
}

function credentialsOf({ cert, key, token, basic, headers }: Partial<HttpTransportOptions>): CallerCredentials {
  const authorization =
    token !== undefined
      ? async (): Promise<string> => `Bearer ${typeof token === "string" ? token : await token()}`
      : basic !== undefined
        ? (): string => `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString("base64")}`
        : undefined;
  return {
    ...(cert === undefined || key === undefined ? {} : { certificate: textOf(cert), key: textOf(key) }),
    ...(headers === undefined ? {} : { headers }),
    ...(authorization === undefined ? {} : { authorization }),
  };
}
