// The layers of the conformance images: what upstream's Dockerfiles put into them, out of Debian's packages and of upstream's
// own programs. A layer's key covers all that goes into it: recipe, packages and the programs' content.
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { systemRng } from "../../../src/base/index.ts";
import { pauseExecutable } from "../../../src/cluster/pause.ts";
import { issue, newAuthority } from "../../../src/cluster/pki/index.ts";
import { addAccounts, type DebianSource, installDebian, linkApplets, unpackPackages } from "./debian.ts";
import { type Layer, layerOf, sha256, sha256OfFile } from "./oci.ts";

export interface LayerInputs {
  readonly store: string;
  readonly source: DebianSource;
  /** Where upstream's programs are: agnhost, nonewprivs, sample-apiserver. */
  readonly binDir: string;
}

/** Raised whenever a recipe below changes what it writes. */
const recipeVersion = 1;

const keyOf = (...parts: readonly unknown[]): string =>
  sha256(JSON.stringify([recipeVersion, process.arch, ...parts])).slice(0, 16);

function makeDirectories(root: string, paths: readonly string[]): void {
  for (const path of paths) mkdirSync(join(root, path), { recursive: true, mode: 0o755 });
}

const busyboxPackages = ["busybox-static", "bash-static"];
const busyboxUsers = [
  "root:x:0:0:root:/root:/bin/sh",
  "daemon:x:1:1:daemon:/usr/sbin:/bin/false",
  "bin:x:2:2:bin:/bin:/bin/false",
  "sys:x:3:3:sys:/dev:/bin/false",
  "sync:x:4:100:sync:/bin:/bin/sync",
  "mail:x:8:8:mail:/var/spool/mail:/bin/false",
  "www-data:x:33:33:www-data:/var/www:/bin/false",
  "operator:x:37:37:Operator:/var:/bin/false",
  "nobody:x:65534:65534:nobody:/home:/bin/false",
];
const busyboxGroups = [
  ...["root:x:0:", "daemon:x:1:", "bin:x:2:", "sys:x:3:", "adm:x:4:", "tty:x:5:", "disk:x:6:", "lp:x:7:", "mail:x:8:"],
  ...["wheel:x:10:root", "www-data:x:33:", "staff:x:50:", "users:x:100:", "nogroup:x:65534:"],
];

/** busybox with its applets in /bin; its shell is bash, since busybox's own drops names such as `data-1` from the environment. */
export function busyboxLayer({ store, source }: LayerInputs): Promise<Layer> {
  return layerOf(store, {
    name: "busybox",
    key: keyOf(source.codename, busyboxPackages, busyboxUsers, busyboxGroups),
    fill: async (root) => {
      const unpacked = join(root, "unpacked");
      makeDirectories(root, [
        "bin",
        "dev",
        "etc",
        "home",
        "proc",
        "root",
        "sys",
        "tmp",
        "usr/bin",
        "usr/sbin",
        "var/spool/mail",
        "var/www",
        "unpacked",
      ]);
      await unpackPackages(unpacked, busyboxPackages);
      const install = (from: readonly string[], to: string): void => {
        const path = from.map((name) => join(unpacked, name)).find((name) => existsSync(name));
        if (path === undefined)
          throw new Error(`the packages ${busyboxPackages.join(", ")} have no ${from.join(" or ")}`);
        copyFileSync(path, join(root, to));
        chmodSync(join(root, to), 0o755);
      };
      install(["usr/bin/busybox", "bin/busybox"], "bin/busybox");
      install(["usr/bin/bash-static", "bin/bash-static"], "bin/bash");
      rmSync(unpacked, { recursive: true });
      symlinkSync("bash", join(root, "bin/sh"));
      await linkApplets(root, { busybox: "/bin/busybox", into: "bin", folders: [] });
      chmodSync(join(root, "tmp"), 0o1777);
      chmodSync(join(root, "root"), 0o700);
      addAccounts(root, { users: busyboxUsers, groups: busyboxGroups });
    },
  });
}

const debianPackages = [
  ...[
    "bash",
    "bind9-dnsutils",
    "bind9-host",
    "busybox-static",
    "ca-certificates",
    "conntrack",
    "curl",
    "iperf",
    "iproute2",
  ],
  ...["iptables", "iputils-ping", "netcat-openbsd", "procps", "util-linux"],
];

/** Debian with the tools of upstream's agnhost image; one layer for every image that needs a C library or tools. */
export function debianLayer({ store, source }: LayerInputs): Promise<Layer> {
  return layerOf(store, {
    name: "debian",
    key: keyOf(source.codename, debianPackages),
    fill: async (root) => {
      await installDebian(root, { source, packages: debianPackages });
      symlinkSync("/usr/bin/iperf", join(root, "usr/local/bin/iperf"));
    },
  });
}

async function programLayer(
  { store, binDir }: LayerInputs,
  options: { program: string; path: string; mode?: number; more?: (root: string) => void; recipe?: unknown },
): Promise<Layer> {
  const program = join(binDir, options.program);
  if (!existsSync(program))
    throw new Error(`${program} is not there: build upstream's programs first (test/conformance/go names them)`);
  return layerOf(store, {
    name: options.program,
    key: keyOf(await sha256OfFile(program), options.path, options.mode, options.recipe),
    fill: async (root) => {
      const path = join(root, options.path);
      mkdirSync(join(path, ".."), { recursive: true });
      copyFileSync(program, path);
      chmodSync(path, options.mode ?? 0o755);
      options.more?.(root);
    },
  });
}

/** agnhost, its second name, its folder of uploads.  */
export const agnhostLayer = (inputs: LayerInputs): Promise<Layer> =>
  programLayer(inputs, {
    program: "agnhost",
    path: "agnhost",
    recipe: ["agnhost-2", "uploads"],
    more: (root) => {
      symlinkSync("agnhost", join(root, "agnhost-2"));
      makeDirectories(root, ["uploads"]);
    },
  });

const certificateHosts = ["localhost", "127.0.0.1", "::1"];
const agnhostUsers = ["user-defined-in-image:x:1000:1000::/home/user-defined-in-image:/bin/sh"];
const agnhostGroups = ["user-defined-in-image:x:1000:", "group-defined-in-image:x:50000:user-defined-in-image"];

/**
 * What agnhost finds in its image: a serving certificate of localhost (of a key made here), and accounts with the user and
 * the group that the tests of supplemental groups look for.
 */
export function agnhostFilesLayer({ store }: LayerInputs): Promise<Layer> {
  return layerOf(store, {
    name: "agnhost-files",
    key: keyOf(certificateHosts, busyboxUsers, busyboxGroups, agnhostUsers, agnhostGroups),
    fill: async (root) => {
      makeDirectories(root, ["etc", "home/user-defined-in-image"]);
      addAccounts(root, {
        users: [...busyboxUsers, "_apt:x:42:65534::/nonexistent:/usr/sbin/nologin", ...agnhostUsers],
        groups: [...busyboxGroups, ...agnhostGroups],
      });
      const validity = { fromMs: 0, toMs: Date.UTC(2049, 0) };
      const { cert, key } = issue(
        newAuthority("conformance images", validity, systemRng),
        {
          ...{ subject: { commonName: "localhost" }, hosts: certificateHosts, usage: ["server"] },
          ...{ validFromMs: validity.fromMs, validToMs: validity.toMs },
        },
        systemRng,
      );
      writeFileSync(join(root, "localhost.crt"), cert);
      writeFileSync(join(root, "localhost.key"), key);
    },
  });
}

export const sampleApiserverLayer = (inputs: LayerInputs): Promise<Layer> =>
  programLayer(inputs, { program: "sample-apiserver", path: "sample-apiserver" });

/** Set-user-ID and set-group-ID, as `chmod +s` makes it: it prints its effective user. */
export const nonewprivsLayer = (inputs: LayerInputs): Promise<Layer> =>
  programLayer(inputs, { program: "nonewprivs", path: "usr/local/bin/nnp", mode: 0o6755 });

/** The etcd built beside the other programs when there is one, else Debian's. */
export function etcdLayer(inputs: LayerInputs): Promise<Layer> {
  if (existsSync(join(inputs.binDir, "etcd")))
    return programLayer(inputs, { program: "etcd", path: "usr/local/bin/etcd" });
  const packages = ["etcd-server"];
  return layerOf(inputs.store, {
    name: "etcd-package",
    key: keyOf(inputs.source.codename, packages),
    fill: async (root) => {
      await unpackPackages(root, packages);
      // In Debian /lib is a link to /usr/lib: a folder of this name would hide the C library.
      for (const path of ["lib", "etc/init.d", "usr/share"]) rmSync(join(root, path), { recursive: true, force: true });
      makeDirectories(root, ["usr/local/bin"]);
      symlinkSync("/usr/bin/etcd", join(root, "usr/local/bin/etcd"));
    },
  });
}

const nginxPackages = ["nginx", "nginx-common", "libpcre2-8-0"];
const nginxConfig = `user www-data;
worker_processes 1;
error_log /dev/stderr notice;
pid /run/nginx.pid;
events { worker_connections 256; }
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log /dev/stdout;
  server {
    listen 80;
    root /usr/share/nginx/html;
    index index.html;
  }
}
`;
const nginxPage = `<!DOCTYPE html>
<html>
<head><title>Welcome to nginx!</title></head>
<body><h1>Welcome to nginx!</h1></body>
</html>
`;

export function nginxLayer({ store, source }: LayerInputs): Promise<Layer> {
  return layerOf(store, {
    name: "nginx",
    key: keyOf(source.codename, nginxPackages, nginxConfig, nginxPage),
    fill: async (root) => {
      await unpackPackages(root, nginxPackages);
      for (const path of ["usr/share/doc", "usr/share/man", "etc/init.d", "lib"])
        rmSync(join(root, path), { recursive: true, force: true });
      makeDirectories(root, ["usr/share/nginx/html", "var/log/nginx", "var/lib/nginx", "run"]);
      writeFileSync(join(root, "etc/nginx/nginx.conf"), nginxConfig);
      writeFileSync(join(root, "usr/share/nginx/html/index.html"), nginxPage);
    },
  });
}

/** The page of the update demo: a name of a picture, and the picture, which is a line of text here. */
export function petLayer({ store }: LayerInputs, pet: string): Promise<Layer> {
  return layerOf(store, {
    name: pet,
    key: keyOf(pet),
    fill: async (root) => {
      writeFileSync(join(root, "data.json"), `${JSON.stringify({ image: `${pet}.jpg` }, null, 2)}\n`);
      writeFileSync(join(root, `${pet}.jpg`), `${pet}\n`);
    },
  });
}

export function pauseLayer({ store }: LayerInputs): Promise<Layer> {
  const program = pauseExecutable(process.arch);
  return layerOf(store, {
    name: "pause",
    key: keyOf(sha256(program)),
    fill: async (root) => {
      writeFileSync(join(root, "pause"), program);
      chmodSync(join(root, "pause"), 0o755);
    },
  });
}
