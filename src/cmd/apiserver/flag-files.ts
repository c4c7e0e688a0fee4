// Files that flags name, and what is wrong with them in Go's words, which operators search for.
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";

/** What is wrong with a file, by Node's code. */
export const inGo: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  ENOTDIR: "not a directory",
  EISDIR: "is a directory",
  ELOOP: "too many levels of symbolic links",
};

function goProblem(verb: string, path: string, error: unknown): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  // A directory opens, and is not read.
  return `${code === "EISDIR" ? "read" : verb} ${path}: ${inGo[code] ?? message}`;
}

/** Throws Error such as `open /x: no such file or directory`. */
export function openFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(goProblem("open", path, error), { cause: error });
  }
}

/** What is wrong with a flag's file begins with the flag's name. */
export function ofFlag<T>(flag: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`--${flag}: ${(error as Error).message}`, { cause: error });
  }
}

/** Undefined for a regular file. */
export function fileProblem(path: string): "not regular" | { readonly error: string } | undefined {
  try {
    return statSync(path).isFile() ? undefined : "not regular";
  } catch (error) {
    return { error: goProblem("stat", path, error) };
  }
}

const certificates = (pem: string): string[] =>
  pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];

/** A bundle of certificates. `name`: what upstream calls it. */
export function openAuthorities(path: string, name: string): string {
  const text = openFile(path);
  const wrong = (why: string): Error => new Error(`error loading CA bundle for "${name}::${path}": ${why}`);
  const found = certificates(text);
  if (found.length === 0) throw wrong("data does not contain any valid RSA or ECDSA certificates");
  for (const each of found)
    try {
      new X509Certificate(each);
    } catch (cause) {
      throw new Error(wrong("x509: malformed certificate").message, { cause });
    }
  return text;
}

/** Whether both bundles hold the same certificate; what can not be read is told elsewhere. */
export function sameAuthority(one: string, other: string): boolean {
  try {
    const prints = (path: string) =>
      certificates(openFile(path)).map((each) => new X509Certificate(each).fingerprint256);
    const known = new Set(prints(one));
    return prints(other).some((each) => known.has(each));
  } catch {
    return false;
  }
}

/** Keys that verify ServiceAccount tokens: public or private ones, or certificates. */
export function openPublicKeys(path: string): string {
  const text = openFile(path);
  const usable = (text.match(/-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g) ?? []).some((block) =>
    isKey(() => createPublicKey(block)),
  );
  if (usable) return text;
  throw new Error(`error reading public key file ${path}: data does not contain any valid RSA or ECDSA public keys`);
}

/** The key that signs ServiceAccount tokens. */
export function openSigningKey(path: string): string {
  const wrong = (why: string): Error => new Error(`failed to parse service-account-issuer-key-file: ${why}`);
  let text: string;
  try {
    text = openFile(path);
  } catch (error) {
    throw wrong((error as Error).message);
  }
  if (isKey(() => createPrivateKey(text))) return text;
  throw wrong(`error reading private key file ${path}: data does not contain a valid RSA or ECDSA private key`);
}

function isKey(read: () => { readonly asymmetricKeyType?: string | undefined }): boolean {
  try {
    return ["rsa", "ec"].includes(read().asymmetricKeyType ?? "");
  } catch {
    return false;
  }
}
