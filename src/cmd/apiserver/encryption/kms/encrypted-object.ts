// What KMS v2 keeps in the store behind its header: an EncryptedObject in protobuf, byte for byte as upstream.
// Upstream: apiserver's envelope/kmsv2/v2/api.proto, envelope/kmsv2/envelope.go.
import { dns1123Label, dns1123Subdomain } from "../../../../machinery/index.ts";
import type { Annotations } from "./protocol.ts";

/** The encrypted source is the seed that keys are derived from (the one to write), or the key itself. */
export const seedSource = 1;
export const keySource = 0;

export interface EncryptedObject {
  readonly data: Uint8Array;
  readonly keyId: string;
  readonly source: Uint8Array;
  readonly annotations: Annotations;
  readonly sourceType: number;
}

const mostSourceBytes = 1024;
const mostKeyIdBytes = 1024;
const mostAnnotationBytes = 32 * 1024;

/** Throws Error in upstream's words. */
export function validateEncryptedObject({ data, keyId, source, annotations, sourceType }: EncryptedObject): void {
  if (sourceType !== seedSource && sourceType !== keySource)
    throw new Error(`unknown encryptedDEKSourceType: ${sourceType}`);
  if (data.length === 0) throw new Error("encrypted data is empty");
  const ofSource = "failed to validate encrypted DEK source:";
  if (source.length === 0) throw new Error(`${ofSource} encrypted DEK source is empty`);
  if (source.length > mostSourceBytes)
    throw new Error(
      `${ofSource} encrypted DEK source is ${source.length} bytes, which exceeds the max size of ${mostSourceBytes}`,
    );
  const keyProblem = keyIdProblem(keyId);
  if (keyProblem !== undefined) throw new Error(`failed to validate key id: ${keyProblem.text}`);
  const problems = annotationProblems(annotations);
  if (problems.length > 0)
    throw new Error(
      `failed to validate annotations: ${problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`}`,
    );
}

/** `code` is the label of a metric. */
export function keyIdProblem(
  keyId: string,
): { readonly code: "empty" | "too_long"; readonly text: string } | undefined {
  const bytes = Buffer.byteLength(keyId);
  if (bytes === 0) return { code: "empty", text: "keyID is empty" };
  if (bytes > mostKeyIdBytes)
    return { code: "too_long", text: `keyID is ${bytes} bytes, which exceeds the max size of ${mostKeyIdBytes}` };
  return undefined;
}

function annotationProblems(annotations: Annotations): string[] {
  const entries = Object.entries(annotations);
  const problems = entries.flatMap(([name]) => domainProblem(name) ?? []);
  const total = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + value.length, 0);
  if (total > mostAnnotationBytes)
    problems.push(`total size of annotations is ${total}, which exceeds the max size of ${mostAnnotationBytes}`);
  return problems;
}

function domainProblem(name: string): string | undefined {
  if (name === "") return "annotations: Required value";
  const domain = name.endsWith(".") ? name.slice(0, -1) : name;
  const invalid = (value: string, why: string): string =>
    `annotations: Invalid value: ${JSON.stringify(value)}: ${why}`;
  const whole = dns1123Subdomain(domain);
  if (whole.length > 0) return invalid(domain, whole.join(","));
  const labels = domain.split(".");
  if (labels.length < 2) return invalid(domain, "should be a domain with at least two segments separated by dots");
  const wrong = labels.find((label) => dns1123Label(label).length > 0);
  return wrong === undefined ? undefined : invalid(wrong, dns1123Label(wrong).join(","));
}

const field = { data: 1, keyId: 2, source: 3, annotations: 4, sourceType: 5 } as const;
const lengthDelimited = 2;

/** Fields in the order of their numbers, as Go writes them. */
export function encodeEncryptedObject({ data, keyId, source, annotations, sourceType }: EncryptedObject): Uint8Array {
  const parts: Uint8Array[] = [
    ...part(field.data, data),
    ...part(field.keyId, Buffer.from(keyId)),
    ...part(field.source, source),
    ...Object.entries(annotations).flatMap(([name, value]) =>
      part(field.annotations, Buffer.concat([...part(1, Buffer.from(name)), ...part(2, value)])),
    ),
  ];
  if (sourceType !== 0) parts.push(Uint8Array.of(field.sourceType << 3, sourceType));
  return Buffer.concat(parts);
}

const part = (number: number, bytes: Uint8Array): Uint8Array[] => [
  Uint8Array.of((number << 3) | lengthDelimited, ...varint(bytes.length)),
  bytes,
];

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

const malformed = (): Error => new Error("proto: cannot parse invalid wire-format data");

interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const number = (): number => {
    for (let value = 0, scale = 1, count = 0; count < 10; count++, scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw malformed();
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw malformed();
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = number();
    const wire = tag % 8;
    if (tag < 8) throw malformed();
    if (wire === 0) yield { number: Math.floor(tag / 8), value: number() };
    else if (wire === lengthDelimited) yield { number: Math.floor(tag / 8), value: take(number()) };
    else if (wire === 1) take(8);
    else if (wire === 5) take(4);
    else throw malformed();
  }
}

const none: Uint8Array = new Uint8Array(0);
const bytesOf = ({ value }: Field): Uint8Array => {
  if (typeof value === "number") throw malformed();
  return value;
};
const textOf = (each: Field): string => Buffer.from(bytesOf(each)).toString();

/** Throws Error for what is no such message. */
export function decodeEncryptedObject(bytes: Uint8Array): EncryptedObject {
  let data = none;
  let source = none;
  let [keyId, sourceType] = ["", 0];
  const annotations: Record<string, Uint8Array> = {};
  for (const each of fieldsOf(bytes))
    switch (each.number) {
      case field.data:
        data = bytesOf(each);
        break;
      case field.keyId:
        keyId = textOf(each);
        break;
      case field.source:
        source = bytesOf(each);
        break;
      case field.annotations: {
        const [name, value] = entryOf(bytesOf(each));
        annotations[name] = value;
        break;
      }
      case field.sourceType:
        if (typeof each.value === "number") sourceType = each.value;
        break;
      default:
    }
  return { data, keyId, source, annotations, sourceType };
}

function entryOf(bytes: Uint8Array): [name: string, value: Uint8Array] {
  let name = "";
  let value = none;
  for (const each of fieldsOf(bytes)) {
    if (each.number === 1) name = textOf(each);
    if (each.number === 2) value = bytesOf(each);
  }
  return [name, value];
}
