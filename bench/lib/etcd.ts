// A throw-away etcd on loopback and the least client that can write to it, as the peer of store benchmarks.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import protobuf from "protobufjs";

interface Descriptor {
  readonly messages: Readonly<Record<string, Readonly<Record<string, readonly [number, string, ...string[]]>>>>;
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface EtcdPeer {
  readonly version: string;
  /** Writes as kube-apiserver does: a transaction that compares the key's modification revision, 0 for a new key. */
  put(key: string, value: Uint8Array, expectRevision: number): Promise<number>;
  /** Processor time that etcd has used, microseconds. */
  cpuUs(): number;
  close(): Promise<void>;
}

/** The descriptor of the project's facts as protobufjs takes it: names split at dots, "repeated" as a rule. */
function loadTypes(): protobuf.Root {
  const file = new URL("../../facts/proto/etcd-v3.json", import.meta.url);
  const { messages, enums } = JSON.parse(readFileSync(file, "utf8")) as Descriptor;
  const root = new protobuf.Root();
  const scope = (name: string): [protobuf.NamespaceBase, string] => {
    const parts = name.split(".");
    const last = parts.pop()!;
    const parent = parts.reduce<protobuf.NamespaceBase>(
      (space, part) => (space.get(part) as protobuf.NamespaceBase | null) ?? space.define(part),
      root,
    );
    return [parent, last];
  };
  for (const [name, fields] of Object.entries(messages).sort(([a], [b]) => a.length - b.length)) {
    const [parent, last] = scope(name);
    const type = new protobuf.Type(last);
    for (const [field, [id, fieldType, ...marks]] of Object.entries(fields))
      type.add(new protobuf.Field(field, id, fieldType, marks.includes("repeated") ? "repeated" : undefined));
    parent.add(type);
  }
  for (const [name, values] of Object.entries(enums)) {
    const [parent, last] = scope(name);
    parent.add(new protobuf.Enum(last, { ...values }));
  }
  return root;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts `etcd` of the PATH with its default durability. Rejects when there is none. */
export async function startEtcd(): Promise<EtcdPeer> {
  const folder = await mkdtemp(join(tmpdir(), "bench-etcd-"));
  const [clientUrl, peerUrl] = (await Promise.all([freePort(), freePort()])).map((port) => `http://127.0.0.1:${port}`);
  const flags = {
    "data-dir": folder,
    "listen-client-urls": clientUrl,
    "advertise-client-urls": clientUrl,
    "listen-peer-urls": peerUrl,
    "initial-advertise-peer-urls": peerUrl,
    "initial-cluster": `default=${peerUrl}`,
    "quota-backend-bytes": "8000000000",
  };
  const child = spawn(
    "etcd",
    Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value!]),
    { stdio: "ignore" },
  );
  await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  const client = new Client(clientUrl!.slice("http://".length), credentials.createInsecure());
  await new Promise<void>((resolve, reject) =>
    client.waitForReady(Date.now() + 10_000, (error) => (error ? reject(error) : resolve())),
  );
  const types = loadTypes();
  return {
    version: await versionOf(clientUrl!),
    put: putOver(client, types),
    cpuUs: () => cpuOf(child),
    async close() {
      client.close();
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
      await rm(folder, { recursive: true });
    },
  };
}

function putOver(client: Client, types: protobuf.Root): EtcdPeer["put"] {
  const request = types.lookupType("etcdserverpb.TxnRequest");
  const response = types.lookupType("etcdserverpb.TxnResponse");
  const encode = (message: object): Buffer => Buffer.from(request.encode(request.fromObject(message)).finish());
  const decode = (bytes: Buffer): { succeeded: boolean; header: { revision: unknown } } =>
    response.decode(bytes) as never;
  return (key, value, expectRevision) =>
    new Promise((resolve, reject) => {
      const name = Buffer.from(key);
      const message = {
        compare: [{ result: "EQUAL", target: "MOD", key: name, mod_revision: expectRevision }],
        success: [{ request_put: { key: name, value } }],
      };
      client.makeUnaryRequest("/etcdserverpb.KV/Txn", encode, decode, message, (error, answer) => {
        if (error) reject(error);
        else if (!answer!.succeeded) reject(new Error(`etcd: ${key} is not at revision ${expectRevision}`));
        else resolve(Number(answer!.header.revision));
      });
    });
}

async function versionOf(url: string): Promise<string> {
  return ((await (await fetch(`${url}/version`)).json()) as { etcdserver: string }).etcdserver;
}

/** Fields 14 and 15 of /proc/<pid>/stat, in ticks of 10 ms. */
function cpuOf(child: ChildProcess): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
