// Failures of connections in the words of Go's HTTP client: they end up in answers, events and conditions, where people search for them.
import { isIP } from "node:net";

interface NodeError {
  readonly code?: string;
  readonly syscall?: string;
  readonly message?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly cert?: { readonly subjectaltname?: string };
  readonly errors?: readonly unknown[];
}

const refusedTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "i/o timeout",
};

const unverified = "tls: failed to verify certificate: x509:";

const tlsTexts: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: `${unverified} certificate signed by unknown authority`,
  SELF_SIGNED_CERT_IN_CHAIN: `${unverified} certificate signed by unknown authority`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `${unverified} certificate signed by unknown authority`,
  UNABLE_TO_GET_ISSUER_CERT: `${unverified} certificate signed by unknown authority`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: `${unverified} certificate signed by unknown authority`,
  CERT_HAS_EXPIRED: `${unverified} certificate has expired or is not yet valid`,
  CERT_NOT_YET_VALID: `${unverified} certificate has expired or is not yet valid`,
  EPROTO: "tls: first record does not look like a TLS handshake",
  ECONNRESET: "EOF",
};

/** The error as Go's HTTP client would word it, of a connection to `hostname`; what it has no words for stays as it is. */
export function goErrorText(error: unknown, hostname: string): string {
  const problem = (error ?? {}) as NodeError;
  const first = problem.errors?.at(-1);
  if (first !== undefined) return goErrorText(first, hostname);
  const { code = "", message = String(error) } = problem;
  const refused = refusedTexts[code];
  if (refused !== undefined) {
    const { address = "", port = 0 } = problem;
    return `dial tcp ${address.includes(":") ? `[${address}]` : address}:${port}: ${refused}`;
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return `dial tcp: lookup ${problem.hostname ?? hostname}: no such host`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return wrongName(problem, hostname);
  if (code === "ECONNRESET" && problem.syscall === "read") return "read: connection reset by peer";
  return tlsTexts[code] ?? message;
}

function wrongName({ cert }: NodeError, hostname: string): string {
  const names = (cert?.subjectaltname ?? "").split(", ").filter((each) => each !== "");
  const wanted = isIP(hostname) === 0 ? "DNS:" : "IP Address:";
  const valid = names.filter((each) => each.startsWith(wanted)).map((each) => each.slice(wanted.length));
  if (names.length === 0) return `${unverified} certificate relies on legacy Common Name field, use SANs instead`;
  if (valid.length === 0)
    return isIP(hostname) === 0
      ? `${unverified} certificate is not valid for any names, but wanted to match ${hostname}`
      : `${unverified} cannot validate certificate for ${hostname} because it doesn't contain any IP SANs`;
  return `${unverified} certificate is valid for ${valid.join(", ")}, not ${hostname}`;
}
