// The version 2 document in the protobuf that kubectl and client-go read: the messages of gnostic's OpenAPIv2.proto.
import type { Json } from "./definitions.ts";
import {
  anything,
  encoded,
  extensions,
  type Field,
  flag,
  message,
  messages,
  named,
  optional,
  real,
  text,
  texts,
  whole,
} from "./gnostic.ts";

/** The bytes of a document as v2.ts makes it. */
export function encodeV2(document: Json): Uint8Array {
  const info = document["info"] as Json;
  return encoded([
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
  text(3, of["description"]),
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
        text(1, of["description"]),
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
          text(3, of["description"]),
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
        text(3, of["description"]),
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
