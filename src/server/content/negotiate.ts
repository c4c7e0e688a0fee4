// Which form the client wants its answer in. Upstream: k8s.io/apiserver/pkg/endpoints/handlers/negotiation.
import { StatusError } from "../../machinery/index.ts";
import { cborSequence, cborType } from "./cbor.ts";

export type Transform =
  | { readonly as: "Table"; readonly version: "v1" | "v1beta1" }
  | { readonly as: "PartialObjectMetadata" | "PartialObjectMetadataList"; readonly version: "v1" | "v1beta1" };

export type AnswerType =
  | "application/json"
  | "application/yaml"
  | "application/vnd.kubernetes.protobuf"
  | "application/cbor";

export interface Accepted {
  readonly mediaType: AnswerType;
  readonly transform?: Transform;
}

interface Clause {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly q: number;
}

const plainJson: Accepted = { mediaType: "application/json" };
const always: readonly string[] = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const streamed: readonly string[] = [
  "application/json;stream=watch",
  "application/vnd.kubernetes.protobuf;stream=watch",
];
const withCbor: readonly string[] = [...always, cborType];
const streamedWithCbor: readonly string[] = [...streamed, cborSequence];

/** What the API speaks. `cbor`: the feature gate CBORServingAndStorage is on. */
export const spokenTypes = (cbor: boolean): readonly string[] => (cbor ? withCbor : always);
const streamedTypes = (cbor: boolean): readonly string[] => (cbor ? streamedWithCbor : streamed);

export interface NegotiationScope {
  readonly watch?: boolean;
  /** The path is of a list: what a watch of it produces is told to those who accept nothing of it. */
  readonly list?: boolean;
  /** Custom resources have no protobuf. */
  readonly noProtobuf?: boolean;
  /** Metadata alone can be asked for. */
  readonly transforms?: boolean;
  /** Tables can be asked for. */
  readonly tables?: boolean;
  /** The feature gate CBORServingAndStorage is on. */
  readonly cbor?: boolean;
  /** No route of upstream's says what its path produces: custom resources, what the aggregator answers. */
  readonly unrouted?: boolean;
  /** The route produces text too; the handler behind it does not. */
  readonly plainText?: boolean;
  /** Called once the route is found: what is refused from here on is refused by the handler behind it. */
  reached?(): void;
}

/** Throws StatusError 406 with upstream's texts. */
export function negotiate(accept: string | undefined, scope: NegotiationScope = {}): Accepted {
  if (accept === undefined || accept === "" || accept === "application/json" || accept === "*/*") return plainJson;
  const clauses = parseAccept(accept);
  const cbor = scope.cbor === true;
  const produced = spokenTypes(cbor);
  const routed = scope.plainText === true ? ["text/plain", ...produced] : produced;
  const available = scope.watch === true || scope.list === true ? [...routed, ...streamedTypes(cbor)] : routed;
  const known = ({ type }: Clause): boolean =>
    type === "*/*" || routed.includes(type) || (type === cborSequence && available.includes(type));
  if (scope.unrouted !== true && !clauses.some(known))
    throw new StatusError({
      code: 406,
      reason: "NotAcceptable",
      message: `406: Not Acceptable\n\nAvailable representations: ${available.join(", ")}`,
      details: {},
    });
  scope.reached?.();
  for (const clause of clauses) {
    const accepted = acceptedBy(clause, scope);
    if (accepted !== undefined) return accepted;
  }
  // What a watch cannot be written in is told after what is wrong with its options.
  if (scope.watch === true) {
    const { watch: _, ...other } = scope;
    for (const clause of clauses) {
      const accepted = acceptedBy(clause, other);
      if (accepted !== undefined) return accepted;
    }
  }
  throw notAcceptable(produced);
}

/** Throws StatusError 406 for a form in which there are no streams. */
export function checkStreamed({ mediaType }: Accepted, cbor: boolean): void {
  if (mediaType === "application/yaml") throw notAcceptable(streamedTypes(cbor));
}

export const notAcceptable = (types: readonly string[]): StatusError =>
  new StatusError({
    code: 406,
    reason: "NotAcceptable",
    message: `only the following media types are accepted: ${types.join(", ")}`,
  });

/**
 * How an error is written for a client that may have asked for something impossible; undefined when it has, and then it is JSON
 * with line breaks.
 */
export function negotiateError(accept: string | undefined, cbor: boolean): AnswerType | undefined {
  if (accept === undefined || plainAccepts.has(accept)) return "application/json";
  for (const { type, parameters } of parseAccept(accept)) {
    if (parameters["as"] !== undefined) continue;
    if (type === "*/*" || type === "application/*") return "application/json";
    if (spokenTypes(cbor).includes(type)) return type as AnswerType;
  }
  return undefined;
}

const plainAccepts: ReadonlySet<string> = new Set(["", "application/json", "application/json, */*", "*/*"]);

function acceptedBy(clause: Clause, scope: NegotiationScope): Accepted | undefined {
  const { type, parameters } = clause;
  if (type !== "*/*" && !spokenTypes(scope.cbor === true).includes(type)) return undefined;
  if (scope.watch === true && type === "application/yaml") return undefined;
  const mediaType = type === "*/*" ? "application/json" : (type as AnswerType);
  const { as, g, v, stream } = parameters;
  if (stream !== undefined && stream !== "" && (stream !== "watch" || type === "application/yaml")) return undefined;
  const protobuf = mediaType === "application/vnd.kubernetes.protobuf";
  if (as === undefined && g === undefined && v === undefined)
    return protobuf && scope.noProtobuf === true ? undefined : { mediaType };
  if (scope.transforms !== true || g !== "meta.k8s.io" || (v !== "v1" && v !== "v1beta1")) return undefined;
  if (as === "Table")
    return protobuf || mediaType === cborType || scope.tables !== true
      ? undefined
      : { mediaType, transform: { as, version: v } };
  if (as !== "PartialObjectMetadata" && as !== "PartialObjectMetadataList") return undefined;
  return { mediaType, transform: { as, version: v } };
}

export function parseAccept(text: string): Clause[] {
  const clauses = text.split(",").flatMap((part): Clause[] => {
    const [type, ...rest] = part.split(";").map((piece) => piece.trim());
    if (type === undefined || type === "") return [];
    const parameters: Record<string, string> = {};
    let q = 1;
    for (const piece of rest) {
      const equals = piece.indexOf("=");
      if (equals < 0) continue;
      const key = piece.slice(0, equals);
      const value = piece.slice(equals + 1);
      if (key === "q") q = Number.isNaN(Number(value)) ? 1 : Number(value);
      else parameters[key] = value;
    }
    return [{ type: type === "*" ? "*/*" : type, parameters, q }];
  });
  return clauses.sort((a, b) => b.q - a.q);
}

/** Metadata of one object was asked for where there is a list, or the other way round. */
export function notList(
  asked: string,
  resource: { readonly stored: { readonly group: string }; readonly kind: { readonly kind: string } },
  isList: boolean,
): StatusError {
  const { group: inner } = resource.stored;
  const group = inner === "" ? "core" : inner.split(".", 1)[0];
  const message = `you requested ${asked}, but the requested object is ${isList ? "a" : "not a"} list (*${group}.${resource.kind.kind}${isList ? "List" : ""})`;
  return new StatusError({ code: 406, reason: "NotAcceptable", message });
}
