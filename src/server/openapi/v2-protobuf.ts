// The version 2 document in the protobuf that kubectl and client-go read: the messages of gnostic's OpenAPIv2.proto.
import { toYaml } from "../../machinery/index.ts";
import { BackwardWriter } from "../protobuf/write.ts";
import type { Json } from "./definitions.ts";

/** Writes one field; nothing when there is no value. */
type Field = (out: BackwardWriter) => void;

/** Fields in the order of their numbers. They are written from the last to the first, as the buffer fills from its end. */
function write(out: BackwardWriter, fields: readonly Field[]): void {
  for (let index = fields.length - 1; index >= 0; index--) fields[index]!(out);
}

const text =
  (number: number, value: unknown): Field =>
  (out) => {
    if (typeof value !== "string" || value === "") return;
    const from = out.length;
    out.text(value);
    out.close(number, from);
  };

const texts = (number: number, values: unknown): Field[] =>
  ((values ?? []) as readonly string[]).map(
    (value): Field =>
      (out) => {
        const from = out.length;
        out.text(value);
        out.close(number, from);
      },
  );

const flag =
  (number: number, value: unknown): Field =>
  (out) => {
    if (value !== true) return;
    out.varint(1);
    out.tag(number, 0);
  };

const whole =
  (number: number, value: unknown): Field =>
  (out) => {
    if (typeof value !== "number" || value === 0) return;
    out.varint(value);
    out.tag(number, 0);
  };

const real =
  (number: number, value: unknown): Field =>
  (out) => {
    if (typeof value !== "number" || value === 0) return;
    out.double(value);
    out.tag(number, 1);
  };

const message =
  (number: number, fields: readonly Field[] | undefined): Field =>
  (out) => {
    if (fields === undefined) return;
    const from = out.length;
    write(out, fields);
    out.close(number, from);
  };

const messages = <T>(number: number, values: readonly T[] | undefined, of: (value: T) => readonly Field[]): Field[] =>
  (values ?? []).map((value) => message(number, of(value)));

/** Gnostic's way of writing maps: pairs of a name and a value. */
const named = (number: number, members: Json | undefined, of: (value: Json) => readonly Field[]): Field[] =>
  Object.entries(members ?? {}).map(([name, value]) => message(number, [text(1, name), message(2, of(value as Json))]));

const anything = (value: unknown): Field[] => [text(2, toYaml(value))];
const optional = (number: number, value: unknown): Field =>
  message(number, value === undefined ? undefined : anything(value));

const extensions = (number: number, of: Json): Field[] =>
  Object.entries(of)
    .filter(([name]) => name.startsWith("x-"))
    .map(([name, value]) => message(number, [text(1, name), message(2, anything(value))]));

/** The bytes of a document as v2.ts makes it. */
export function encodeV2(document: Json): Uint8Array {
  const out = new BackwardWriter();
  const info = document["info"] as Json;
  write(out, [
    text(1, document["swagger"]),
    message(2, [text(1, info["title"]), text(2, info["version"])]),
    message(8, named(2, document["paths"] as Json, pathItem)),
    message(9, named(1, document["definitions"] as Json, schema)),
    message(10, named(1, document["parameters"] as Json, parameter)),
    ...messages(12, document["security"] as readonly Json[], (each) =>
      Object.entries(each).map(([name, scopes]) => message(1, [text(1, name), message(2, texts(1, scopes))])),
    ),
    message(
      13,
      named(1, document["securityDefinitions"] as Json, (each) => [message(2, apiKey(each))]),
    ),
  ]);
  return out.taken();
}

const apiKey = (of: Json): Field[] => [
  text(1, of["type"]),
  text(2, of["name"]),
  text(3, of["in"]),
  text(4, of["description"]),
];

const methods = ["get", "put", "post", "delete", "options", "head", "patch"];

const pathItem = (item: Json): Field[] => [
  ...methods.map((method, index) =>
    message(index + 2, item[method] === undefined ? undefined : operation(item[method] as Json)),
  ),
  ...messages(9, item["parameters"] as readonly Json[] | undefined, parametersItem),
];

const operation = (of: Json): Field[] => [
  ...texts(1, of["tags"]),
  text(5, of["operationId"]),
  ...texts(6, of["produces"]),
  ...texts(7, of["consumes"]),
  ...messages(8, of["parameters"] as readonly Json[] | undefined, parametersItem),
  message(
    9,
    named(1, of["responses"] as Json, (response) => [
      message(1, [
        text(1, response["description"]),
        message(2, response["schema"] === undefined ? undefined : [message(1, schema(response["schema"] as Json))]),
      ]),
    ]),
  ),
  ...texts(10, of["schemes"]),
  ...extensions(13, of),
];

const parametersItem = (of: Json): Field[] =>
  of["$ref"] === undefined ? [message(1, parameter(of))] : [message(2, [text(1, of["$ref"])])];

function parameter(of: Json): Field[] {
  if (of["in"] === "body")
    return [
      message(1, [
        text(2, of["name"]),
        text(3, of["in"]),
        flag(4, of["required"]),
        message(5, schema(of["schema"] as Json)),
      ]),
    ];
  if (of["in"] === "path")
    return [
      message(2, [
        message(4, [
          flag(1, of["required"]),
          text(2, of["in"]),
          text(4, of["name"]),
          text(5, of["type"]),
          flag(19, of["uniqueItems"]),
        ]),
      ]),
    ];
  return [
    message(2, [
      message(3, [
        flag(1, of["required"]),
        text(2, of["in"]),
        text(4, of["name"]),
        text(6, of["type"]),
        flag(20, of["uniqueItems"]),
      ]),
    ]),
  ];
}

function schema(of: Json): Field[] {
  const additional = of["additionalProperties"] as Json | boolean | undefined;
  const items = of["items"] as Json | undefined;
  const { type } = of;
  return [
    text(1, of["$ref"]),
    text(2, of["format"]),
    text(3, of["title"]),
    text(4, of["description"]),
    optional(5, of["default"]),
    real(6, of["multipleOf"]),
    real(7, of["maximum"]),
    flag(8, of["exclusiveMaximum"]),
    real(9, of["minimum"]),
    flag(10, of["exclusiveMinimum"]),
    whole(11, of["maxLength"]),
    whole(12, of["minLength"]),
    text(13, of["pattern"]),
    whole(14, of["maxItems"]),
    whole(15, of["minItems"]),
    flag(16, of["uniqueItems"]),
    whole(17, of["maxProperties"]),
    whole(18, of["minProperties"]),
    ...texts(19, of["required"]),
    ...messages(20, of["enum"] as readonly unknown[] | undefined, anything),
    message(
      21,
      additional === undefined
        ? undefined
        : typeof additional === "boolean"
          ? [flag(2, additional)]
          : [message(1, schema(additional))],
    ),
    message(22, type === undefined ? undefined : texts(1, Array.isArray(type) ? type : [type])),
    message(23, items === undefined ? undefined : [message(1, schema(items))]),
    message(25, of["properties"] === undefined ? undefined : named(1, of["properties"] as Json, schema)),
    ...extensions(31, of),
  ];
}
