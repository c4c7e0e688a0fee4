// Fields of gnostic's protobuf messages, in which both versions of OpenAPI documents are written (kube-openapi's handlers).
import { toYaml } from "../../machinery/index.ts";
import { BackwardWriter } from "../protobuf/write.ts";
import type { Json } from "./definitions.ts";

/** Writes one field; nothing when there is no value. */
export type Field = (out: BackwardWriter) => void;

/** Fields in the order of their numbers. They are written from the last to the first, as the buffer fills from its end. */
function write(out: BackwardWriter, fields: readonly Field[]): void {
  for (let index = fields.length - 1; index >= 0; index--) fields[index]!(out);
}

export const text =
  (number: number, value: unknown): Field =>
  (out) => {
    if (typeof value !== "string" || value === "") return;
    const from = out.length;
    out.text(value);
    out.close(number, from);
  };

export const texts = (number: number, values: unknown): Field[] =>
  ((values ?? []) as readonly string[]).map(
    (value): Field =>
      (out) => {
        const from = out.length;
        out.text(value);
        out.close(number, from);
      },
  );

export const flag =
  (number: number, value: unknown): Field =>
  (out) => {
    if (value !== true) return;
    out.varint(1);
    out.tag(number, 0);
  };

export const whole =
  (number: number, value: unknown): Field =>
  (out) => {
    if (typeof value !== "number" || value === 0) return;
    out.varint(value);
    out.tag(number, 0);
  };

export const real =
  (number: number, value: unknown): Field =>
  (out) => {
    if (typeof value !== "number" || value === 0) return;
    out.double(value);
    out.tag(number, 1);
  };

export const message =
  (number: number, fields: readonly Field[] | undefined): Field =>
  (out) => {
    if (fields === undefined) return;
    const from = out.length;
    write(out, fields);
    out.close(number, from);
  };

export const messages = <T>(
  number: number,
  values: readonly T[] | undefined,
  of: (value: T) => readonly Field[],
): Field[] => (values ?? []).map((value) => message(number, of(value)));

/** Gnostic's way of writing maps: pairs of a name and a value. */
export const named = (number: number, members: Json | undefined, of: (value: Json) => readonly Field[]): Field[] =>
  Object.entries(members ?? {}).map(([name, value]) => message(number, [text(1, name), message(2, of(value as Json))]));

export const anything = (value: unknown): Field[] => [text(2, toYaml(value))];
export const optional = (number: number, value: unknown): Field =>
  message(number, value === undefined ? undefined : anything(value));

export const extensions = (number: number, of: Json): Field[] =>
  Object.entries(of)
    .filter(([name]) => name.startsWith("x-"))
    .map(([name, value]) => message(number, [text(1, name), message(2, anything(value))]));

/** A value of a oneof: zero and false are told too. */
export const chosenFlag =
  (number: number, value: boolean): Field =>
  (out) => {
    out.varint(value ? 1 : 0);
    out.tag(number, 0);
  };

export const chosenReal =
  (number: number, value: number): Field =>
  (out) => {
    out.double(value);
    out.tag(number, 1);
  };

export const chosenText =
  (number: number, value: string): Field =>
  (out) => {
    const from = out.length;
    out.text(value);
    out.close(number, from);
  };

/** The bytes of a whole message. */
export function encoded(fields: readonly Field[]): Uint8Array {
  const out = new BackwardWriter();
  write(out, fields);
  return out.taken();
}
