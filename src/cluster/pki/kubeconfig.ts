// Kubeconfig files. Upstream: k8s.io/client-go/tools/clientcmd/api/v1. Written as the YAML that kubeadm and kubectl write.

import { chmodSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { KeyPair } from "./certificate.ts";

export interface KubeconfigOptions {
  readonly clusterName?: string;
  readonly userName: string;
  /** `https://host:port`. */
  readonly server: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string;
  readonly client?: KeyPair;
  /** File with certificate and key, in place of `client`. */
  readonly clientFile?: string;
  readonly token?: string;
  readonly namespace?: string;
}

const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");

/** One cluster, one user, one context that is the current one. */
export function kubeconfig(options: KubeconfigOptions): string {
  const cluster = options.clusterName ?? "kubernetes";
  const context = `${options.userName}@${cluster}`;
  const text = JSON.stringify;
  const lines = [
    "apiVersion: v1",
    "clusters:",
    "- cluster:",
    `    certificate-authority-data: ${base64(options.ca)}`,
    `    server: ${options.server}`,
    `  name: ${text(cluster)}`,
    "contexts:",
    "- context:",
    `    cluster: ${text(cluster)}`,
    ...(options.namespace === undefined ? [] : [`    namespace: ${text(options.namespace)}`]),
    `    user: ${text(options.userName)}`,
    `  name: ${text(context)}`,
    `current-context: ${text(context)}`,
    "kind: Config",
    "users:",
    `- name: ${text(options.userName)}`,
    "  user:",
    ...(options.client === undefined
      ? []
      : [
          `    client-certificate-data: ${base64(options.client.cert)}`,
          `    client-key-data: ${base64(options.client.key)}`,
        ]),
    ...(options.clientFile === undefined
      ? []
      : [`    client-certificate: ${text(options.clientFile)}`, `    client-key: ${text(options.clientFile)}`]),
    ...(options.token === undefined ? [] : [`    token: ${text(options.token)}`]),
    ...(options.client === undefined && options.clientFile === undefined && options.token === undefined
      ? ["    {}"]
      : []),
  ];
  return `${lines.join("\n")}\n`;
}

/** Writes it for its owner alone. */
export function writeKubeconfig(path: string, options: KubeconfigOptions): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, kubeconfig(options), { mode: 0o600 });
  chmodSync(`${path}.new`, 0o600);
  renameSync(`${path}.new`, path);
}
