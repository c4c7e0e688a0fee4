// Throw-away certificates for the listener's tests, made by openssl: this room may not reach up to the cluster's PKI, and an
// independent maker keeps the tests honest.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Rng, uuid } from "../../base/index.ts";

export interface TestPair {
  readonly cert: string;
  readonly key: string;
}
export interface Authority extends TestPair {
  issue(request: {
    readonly commonName: string;
    readonly organizations?: readonly string[];
    readonly hosts?: readonly string[];
    readonly usage: "client" | "server";
  }): TestPair;
}

/** A self-signed authority that issues certificates of a day. */
export function testAuthority(rng: Rng): Authority {
  const pair = make(["-x509", "-subj", `/CN=ca-${uuid(rng)}`, "-addext", "basicConstraints=critical,CA:true"]);
  return {
    ...pair,
    issue({ commonName, organizations = [], hosts = [], usage }) {
      const subject = [...organizations.map((each) => `/O=${each}`), `/CN=${commonName}`].join("");
      const names = hosts.map((host) => (/^[\d.]+$/.test(host) ? `IP:${host}` : `DNS:${host}`)).join(",");
      return make(
        [
          ...["-x509", "-subj", subject, "-addext", `extendedKeyUsage=${usage}Auth`],
          ...["-addext", "basicConstraints=critical,CA:false"],
          ...(names === "" ? [] : ["-addext", `subjectAltName=${names}`]),
        ],
        pair,
      );
    },
  };
}

function make(options: readonly string[], signer?: TestPair): TestPair {
  const folder = mkdtempSync(join(tmpdir(), "certificates-"));
  try {
    const file = (name: string): string => join(folder, name);
    const by: string[] = [];
    if (signer !== undefined) {
      writeFileSync(file("ca.crt"), signer.cert);
      writeFileSync(file("ca.key"), signer.key, { mode: 0o600 });
      by.push("-CA", file("ca.crt"), "-CAkey", file("ca.key"));
    }
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const out = ["-days", "1", "-keyout", file("key"), "-out", file("crt")];
    execFileSync("openssl", ["req", ...key, ...out, ...options, ...by], { stdio: "pipe" });
    return { cert: readFileSync(file("crt"), "utf8"), key: readFileSync(file("key"), "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
