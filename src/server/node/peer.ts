// What a TLS connection tells of its peer. A certificate counts when one of the configured authorities signed it and it is
// valid at the time of each request; a long-lived connection does not outlive its certificate.

import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../../base/index.ts";
import type { PeerInfo } from "../../machinery/index.ts";

export interface PeerReaderOptions {
  readonly clock: Clock;
  /** PEM bundle of the front-proxy authority, when header authentication is on. */
  readonly requestHeaderCA?: string;
}

/** The certificates of a PEM bundle. */
export const certificatesOf = (pem: string): X509Certificate[] =>
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
  const subject = subjectOf(new Uint8Array(certificate.raw));
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

interface Subject {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly uid?: string;
}

const oids = { commonName: "550403", organization: "55040a", uid: "2b0601040183c25402" };

/**
 * Reads the subject from the certificate's bytes; its text form is ambiguous where values hold separators. Of several
 * common names the last counts, as in Go's pkix.Name; every organization is a group. uid: KEP-3257's 1.3.6.1.4.1.57683.2.
 */
export function subjectOf(raw: Uint8Array): Subject {
  const certificate = childrenOf(raw, elementAt(raw, 0));
  const body = childrenOf(raw, certificate[0]!);
  const first = body[0]!.tag === 0xa0 ? 1 : 0; // the version is optional
  let commonName = "";
  let uid: string | undefined;
  const organizations: string[] = [];
  for (const relativeName of childrenOf(raw, body[first + 4]!))
    for (const attribute of childrenOf(raw, relativeName)) {
      const [id, value] = childrenOf(raw, attribute) as [Element, Element];
      const key = hexOf(raw.subarray(id.start, id.end));
      const text = textOf(value.tag, raw.subarray(value.start, value.end));
      if (key === oids.commonName) commonName = text;
      else if (key === oids.organization) organizations.push(text);
      else if (key === oids.uid) uid = text;
    }
  return { commonName, organizations, ...(uid === undefined ? {} : { uid }) };
}

/** A DER element: its tag and where its content lies. */
interface Element {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

function elementAt(raw: Uint8Array, at: number): Element {
  const first = raw[at + 1] ?? 0;
  if (first < 0x80) return { tag: raw[at]!, start: at + 2, end: at + 2 + first };
  let length = 0;
  const start = at + 2 + (first & 0x7f);
  for (let index = at + 2; index < start; index++) length = length * 256 + (raw[index] ?? 0);
  return { tag: raw[at]!, start, end: start + length };
}

function childrenOf(raw: Uint8Array, parent: Element): Element[] {
  const children: Element[] = [];
  for (let at = parent.start; at < parent.end; at = children[children.length - 1]!.end)
    children.push(elementAt(raw, at));
  return children;
}

const hexOf = (bytes: Uint8Array): string =>
  bytes.reduce((text, byte) => text + byte.toString(16).padStart(2, "0"), "");

const decoders: Readonly<Record<number, string>> = { 30: "utf-16be", 20: "latin1" };
const textOf = (tag: number, bytes: Uint8Array): string => new TextDecoder(decoders[tag] ?? "utf-8").decode(bytes);
