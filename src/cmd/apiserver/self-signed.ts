// A serving certificate of a component's own making, for who gives none. Nobody can check it; what it protects checks the caller.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Rng } from "../../base/index.ts";
import { FlagError } from "../../cli/index.ts";
import { issue, type KeyPair, newAuthority } from "../../cluster/pki/index.ts";

const yearMs = 365 * 24 * 3600 * 1000;
/** Clocks of other machines may be behind. */
const backdateMs = 3_600_000;

export interface SelfSignedOptions {
  readonly name: string;
  /** DNS names and addresses. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
  readonly rng: Rng;
}

/** Valid for a year. */
export function selfSigned({ name, hosts, clock, rng }: SelfSignedOptions): KeyPair {
  const [fromMs, toMs] = [clock.now() - backdateMs, clock.now() + yearMs];
  const authority = newAuthority(`${name}-ca`, { fromMs, toMs }, rng);
  const subject = { commonName: name };
  return issue(authority, { subject, hosts: [...hosts], usage: ["server"], validFromMs: fromMs, validToMs: toMs }, rng);
}

export interface ServingValues {
  readonly "tls-cert-file"?: string | undefined;
  readonly "tls-private-key-file"?: string | undefined;
}

/** The certificate that the flags name, or undefined when they name none. Throws when there is one of the two files only. */
export function servingFiles(values: ServingValues): KeyPair | undefined {
  const [cert, key] = [values["tls-cert-file"], values["tls-private-key-file"]];
  if (!cert && !key) return undefined;
  if (!cert || !key) throw new FlagError("--tls-cert-file and --tls-private-key-file go together");
  return { cert: readFlagFile("tls-cert-file", cert), key: readFlagFile("tls-private-key-file", key) };
}

/**
 * As upstream: a certificate and key of somebody else's making that lie in --cert-dir under the component's name are served, as if
 * flags named them. Where our own authority lies beside them they are ours, and renewed. Throws when there is one of the two files only.
 */
export function servingPairOf(directory: string, name: string): Required<ServingValues> | undefined {
  if (existsSync(join(directory, "ca.crt"))) return undefined;
  const [cert, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
  const [haveCert, haveKey] = [existsSync(cert), existsSync(key)];
  if (!haveCert && !haveKey) return undefined;
  if (!haveCert || !haveKey)
    throw new FlagError(
      `error reading ${haveCert ? key : cert}, certificate and key must be supplied as a pair; put it into --cert-dir or take the other one away`,
    );
  return { "tls-cert-file": cert, "tls-private-key-file": key };
}

/** The text of a file that a flag names. Throws an Error that says which flag it was. */
export function readFlagFile(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`cannot read the file of --${flag}: ${(error as Error).message}`, { cause: error });
  }
}
