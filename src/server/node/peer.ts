// What a TLS connection tells of its peer. A certificate counts when one of the configured authorities signed it and it is
// valid at the time of each request; a long-lived connection does not outlive its certificate.

import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../../base/index.ts";
import type { PeerInfo } from "../../machinery/index.ts";
import { certificateSubject } from "../authn/x509-subject.ts";

export interface PeerReaderOptions {
  readonly clock: Clock;
  /** PEM bundle of the front-proxy authority, when header authentication is on. */
  readonly requestHeaderCA?: string;
}

/** The certificates of a PEM bundle. */
const certificatesOf = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (each) => new X509Certificate(each),
  );

interface KnownPeer {
  readonly info: PeerInfo;
  readonly validFromMs: number;
  readonly validToMs: number;
}

/** Reads a connection once and answers from memory afterwards. `trusted` is the client CA bundle of the listener. */
export function peerReader(options: PeerReaderOptions): (socket: TLSSocket, clientCA: string | undefined) => PeerInfo {
  const known = new WeakMap<TLSSocket, KnownPeer>();
  const requestHeaderAuthorities = certificatesOf(options.requestHeaderCA ?? "");
  return (socket, clientCA) => {
    let peer = known.get(socket);
    if (peer === undefined) {
      peer = readPeer(socket, { clientCA, requestHeaderAuthorities });
      known.set(socket, peer);
    }
    if (peer.info.certificate === undefined) return peer.info;
    const nowMs = options.clock.now();
    if (nowMs >= peer.validFromMs && nowMs <= peer.validToMs) return peer.info;
    return {
      ...(peer.info.remoteAddress === undefined ? {} : { remoteAddress: peer.info.remoteAddress }),
      certificateError: "x509: certificate has expired or is not yet valid",
    };
  };
}

function readPeer(
  socket: TLSSocket,
  authorities: { clientCA: string | undefined; requestHeaderAuthorities: readonly X509Certificate[] },
): KnownPeer {
  const remote = socket.remoteAddress === undefined ? {} : { remoteAddress: socket.remoteAddress };
  const always = { validFromMs: 0, validToMs: Number.POSITIVE_INFINITY };
  const certificate = typeof socket.getPeerX509Certificate === "function" ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined) return { info: remote, ...always };
  if (!socket.authorized) {
    const why = String(socket.authorizationError ?? "not trusted");
    return { info: { ...remote, certificateError: `x509: ${why}` }, ...always };
  }
  const byRequestHeader = authorities.requestHeaderAuthorities.some((each) => signed(each, certificate));
  // The listener trusts both bundles; a certificate that only the front-proxy authority signed is no client certificate.
  const byClient =
    authorities.clientCA !== undefined &&
    (!byRequestHeader || certificatesOf(authorities.clientCA).some((each) => signed(each, certificate)));
  const subject = certificateSubject(new Uint8Array(certificate.raw));
  return {
    info: {
      ...remote,
      certificate: {
        ...subject,
        raw: certificate.raw,
        authorities: [
          ...(byClient ? (["client"] as const) : []),
          ...(byRequestHeader ? (["requestHeader"] as const) : []),
        ],
      },
    },
    validFromMs: certificate.validFromDate.getTime(),
    validToMs: certificate.validToDate.getTime(),
  };
}

const signed = (authority: X509Certificate, leaf: X509Certificate): boolean =>
  leaf.checkIssued(authority) && leaf.verify(authority.publicKey);
