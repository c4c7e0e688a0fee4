// Kubeconfig files. Upstream: client-go tools/clientcmd (api/v1). Auth by certificate, token, token file, password or an exec plugin.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { env } from "node:process";
import { promisify } from "node:util";
import { fromYaml } from "../../machinery/index.ts";
import type { HttpTransportOptions } from "./http-transport.ts";

export interface LoadedKubeconfig {
  readonly context: string;
  /** Of the context; "default" when it names none. */
  readonly namespace: string;
  readonly user: string;
  readonly cluster: string;
  /** For httpTransport. */
  readonly transport: HttpTransportOptions;
}

interface Named<K extends string, V> {
  readonly name: string;
  readonly value: V;
  readonly from: string;
  readonly kind: K;
}
interface Cluster {
  readonly server?: string;
  readonly "certificate-authority"?: string;
  readonly "certificate-authority-data"?: string;
  readonly "insecure-skip-tls-verify"?: boolean;
  readonly "tls-server-name"?: string;
}
interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
}
interface User {
  readonly "client-certificate"?: string;
  readonly "client-certificate-data"?: string;
  readonly "client-key"?: string;
  readonly "client-key-data"?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly as?: string;
  readonly "as-groups"?: readonly string[];
  readonly exec?: ExecPlugin;
  readonly "auth-provider"?: object | null;
}
interface Context {
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
}
interface KubeconfigFile {
  readonly "current-context"?: string;
  readonly clusters?: readonly { name: string; cluster: Cluster }[] | null;
  readonly users?: readonly { name: string; user: User }[] | null;
  readonly contexts?: readonly { name: string; context: Context }[] | null;
}

/** `path`, else the files of $KUBECONFIG, else ~/.kube/config. */
function kubeconfigPaths(path?: string): readonly string[] {
  if (path !== undefined && path !== "") return [path];
  const fromEnv = (env["KUBECONFIG"] ?? "").split(delimiter).filter((each) => each !== "");
  return fromEnv.length > 0 ? fromEnv : [join(homedir(), ".kube", "config")];
}

/**
 * Reads one context of a kubeconfig (the current one unless named). Several files are merged, the first to name something wins;
 * relative paths are relative to their file. Throws an Error that says what is missing and where.
 */
export function loadKubeconfig(path?: string, context?: string): LoadedKubeconfig {
  const paths = kubeconfigPaths(path);
  const files = paths.flatMap((each) => {
    const file = readFile(each, { mayBeMissing: paths.length > 1 });
    return file === undefined ? [] : [{ path: each, file }];
  });
  const where = paths.join(delimiter);
  const name = context ?? files.map((each) => each.file["current-context"]).find((each) => each) ?? "";
  if (name === "") throw new Error(`${where} has no current-context: name one with --context`);
  const contexts = files.flatMap(({ path: from, file }) =>
    (file.contexts ?? []).map((each) => ({ name: each.name, value: each.context, from, kind: "context" as const })),
  );
  const clusters = files.flatMap(({ path: from, file }) =>
    (file.clusters ?? []).map((each) => ({ name: each.name, value: each.cluster, from, kind: "cluster" as const })),
  );
  const users = files.flatMap(({ path: from, file }) =>
    (file.users ?? []).map((each) => ({ name: each.name, value: each.user, from, kind: "user" as const })),
  );
  const chosen = pick(contexts, name, where).value;
  const cluster = pick(clusters, chosen.cluster ?? "", where);
  const user = chosen.user ? pick(users, chosen.user, where) : undefined;
  if (!cluster.value.server)
    throw new Error(`cluster ${JSON.stringify(cluster.name)} in ${cluster.from} names no server`);
  return {
    context: name,
    namespace: chosen.namespace || "default",
    user: user?.name ?? "",
    cluster: cluster.name,
    transport: { ...clusterOptions(cluster), ...(user === undefined ? {} : userOptions(user)) } as HttpTransportOptions,
  };
}

/** All users of one kubeconfig by their names, and the user of its current context. What a user needs is read when it is asked for. */
export function loadKubeconfigUsers(path: string): {
  readonly users: ReadonlyMap<string, () => Partial<HttpTransportOptions>>;
  readonly current?: string;
} {
  const file = readFile(path, { mayBeMissing: false }) ?? {};
  const users = new Map<string, () => Partial<HttpTransportOptions>>();
  for (const { name, user } of file.users ?? [])
    if (!users.has(name)) users.set(name, () => userOptions({ name, value: user ?? {}, from: path, kind: "user" }));
  const current = file.contexts?.find(({ name }) => name === file["current-context"])?.context.user;
  return { users, ...(current === undefined ? {} : { current }) };
}

function readFile(path: string, options: { mayBeMissing: boolean }): KubeconfigFile | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (options.mayBeMissing && (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`cannot read the kubeconfig ${path}: ${(error as Error).message}`, { cause: error });
  }
  return (fromYaml(text)[0] ?? {}) as KubeconfigFile;
}

function pick<K extends string, V>(all: readonly Named<K, V>[], name: string, where: string): Named<K, V> {
  const found = all.find((each) => each.name === name);
  if (found !== undefined) return { ...found, value: found.value ?? ({} as V) };
  const known = all.map((each) => each.name).join(", ") || "none";
  throw new Error(`${JSON.stringify(name)} is not in ${where}; it has: ${known}`);
}

const decode = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));
const beside = (from: string, path: string): string => (isAbsolute(path) ? path : join(dirname(from), path));

function material(data: string | undefined, path: string | undefined, from: string): Uint8Array | undefined {
  if (data) return decode(data);
  return path ? new Uint8Array(readFileSync(beside(from, path))) : undefined;
}

function clusterOptions({ value, from }: Named<"cluster", Cluster>): HttpTransportOptions {
  const ca = material(value["certificate-authority-data"], value["certificate-authority"], from);
  return {
    server: value.server ?? "",
    ...(ca !== undefined ? { ca } : {}),
    ...(value["insecure-skip-tls-verify"] ? { insecure: true } : {}),
    ...(value["tls-server-name"] ? { serverName: value["tls-server-name"] } : {}),
  };
}

function userOptions({ value, from }: Named<"user", User>): Partial<HttpTransportOptions> {
  if (value["auth-provider"]) throw new Error("auth provider not supported");
  const cert = material(value["client-certificate-data"], value["client-certificate"], from);
  const key = material(value["client-key-data"], value["client-key"], from);
  const headers = impersonation(value);
  return {
    ...(cert !== undefined && key !== undefined ? { cert, key } : {}),
    ...tokenOptions(value, from),
    ...(value.username ? { basic: { username: value.username, password: value.password ?? "" } } : {}),
    ...(headers !== undefined ? { headers } : {}),
  };
}

function tokenOptions(user: User, from: string): Pick<HttpTransportOptions, "token"> {
  const { tokenFile, exec } = user;
  // A token file is read each time: whoever owns it replaces it before it runs out.
  if (tokenFile) return { token: () => readFileSync(beside(from, tokenFile), "utf8").trim() };
  if (user.token) return { token: user.token };
  if (exec !== undefined) return { token: execToken(exec, from) };
  return {};
}

function impersonation(user: User): Record<string, string> | undefined {
  if (!user.as) return undefined;
  const groups = user["as-groups"] ?? [];
  if (groups.length > 1) throw new Error("as-groups with more than one group is not supported in a kubeconfig yet");
  return { "impersonate-user": user.as, ...(groups[0] ? { "impersonate-group": groups[0] } : {}) };
}

/** Runs the plugin once and keeps its token; upstream: KEP-541. Plugins that answer with certificates are refused clearly. */
function execToken(plugin: ExecPlugin, from: string): () => Promise<string> {
  let token: Promise<string> | undefined;
  const run = async (): Promise<string> => {
    const extra = Object.fromEntries((plugin.env ?? []).map((each) => [each.name, each.value]));
    const info = { apiVersion: plugin.apiVersion, kind: "ExecCredential", spec: { interactive: false } };
    const command = plugin.command.includes("/") ? beside(from, plugin.command) : plugin.command;
    const { stdout } = await promisify(execFile)(command, [...(plugin.args ?? [])], {
      env: { ...env, ...extra, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    });
    const answer = JSON.parse(stdout) as { status?: { token?: string } };
    if (!answer.status?.token) throw new Error(`credential plugin ${plugin.command} gave no token`);
    return answer.status.token;
  };
  return () => (token ??= run());
}
