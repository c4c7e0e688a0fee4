// Bodies that cost their sender nothing: each is made on demand, none is larger than a request may be.
import { mostValues } from "../../src/machinery/index.ts";

/** Upstream: MaxRequestBodyBytes. */
export const mostBytes = 3 * 1024 * 1024;

export interface Hostile {
  readonly name: string;
  /** Objects that have to be there, path and body, posted one after another. */
  readonly before?: readonly (readonly [path: string, body: () => string])[];
  readonly method: "POST" | "PUT" | "PATCH" | "GET" | "DELETE";
  readonly path: string;
  readonly query?: () => string;
  readonly contentType?: string;
  readonly accept?: () => string;
  readonly headers?: () => Readonly<Record<string, string>>;
  readonly body?: () => string | Uint8Array;
  /** Status codes of the answer, any of which is right. */
  readonly codes: readonly number[];
}

export const core = "/api/v1/namespaces/default";
export const maps = `${core}/configmaps`;
export const deployments = "/apis/apps/v1/namespaces/default/deployments";
export const revisions = "/apis/apps/v1/namespaces/default/controllerrevisions";

export const map = (name: string, rest: string): string =>
  `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"}${rest === "" ? "" : `,${rest}`}}`;
export const pod = (name: string, spec: string, metadata = ""): string =>
  `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}"${metadata}},"spec":{${spec}}}`;
export const deployment = (name: string, spec: string): string =>
  `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"${name}"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{${spec}}}}}`;
export const revision = (name: string, data: string): string =>
  `{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"${name}"},"revision":1,"data":${data}}`;

/** Values that a body may have, less those of its frame. */
const mostPieces = mostValues - 1000;

/** As many pieces as fit beside `frame` bytes of frame, and as a body may have values. */
export function filled(piece: (index: number) => string, separator = ",", room = mostBytes - 1000): string {
  const pieces: string[] = [];
  for (let size = 0, values = 0, index = 0; ; index++) {
    const text = piece(index);
    size += text.length + separator.length;
    values += 1 + (text.match(/[,{[]/g)?.length ?? 0);
    if (size > room || values > mostPieces) return pieces.join(separator);
    pieces.push(text);
  }
}

export const nested = (open: string, inner: string, close: string, depth: number): string =>
  open.repeat(depth) + inner + close.repeat(depth);
export const long = (character: string, size = mostBytes - 1000): string => character.repeat(size);
export const encoder = new TextEncoder();
