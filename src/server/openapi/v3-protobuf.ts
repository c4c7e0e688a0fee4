// A version 3 document in protobuf: the messages of gnostic's OpenAPIv3.proto.
import type { Json } from "./definitions.ts";
import {
  anything,
  chosenFlag,
  chosenReal,
  chosenText,
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

/** The bytes of a document as v3.ts makes it. */
export function encodeV3(document: Json): Uint8Array {
  const info = document["info"] as Json;
  const components = (document["components"] ?? {}) as Json;
  return encoded([
    text(1, document["openapi"]),
    message(2, [text(1, info["title"]), text(2, info["description"]), text(6, info["version"])]),
    message(4, named(1, document["paths"] as Json, pathItem)),
    message(5, [
      message(
        1,
        components["schemas"] === undefined ? undefined : named(1, components["schemas"] as Json, schemaOrReference),
      ),
      message(
        7,
        components["securitySchemes"] === undefined
          ? undefined
          : named(1, components["securitySchemes"] as Json, (each) => [message(1, securityScheme(each))]),
      ),
    ]),
  ]);
}

const securityScheme = (of: Json): Field[] => [
  text(1, of["type"]),
  text(2, of["description"]),
  text(3, of["name"]),
  text(4, of["in"]),
];

const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

const pathItem = (item: Json): Field[] => [
  text(3, item["description"]),
  ...methods.map((method, index) =>
    message(index + 4, item[method] === undefined ? undefined : operation(item[method] as Json)),
  ),
  ...messages(13, item["parameters"] as readonly Json[] | undefined, parameterOrReference),
];

function operation(of: Json): Field[] {
  const body = of["requestBody"] as Json | undefined;
  const { default: usual, ...responses } = (of["responses"] ?? {}) as Json;
  return [
    ...texts(1, of["tags"]),
    text(3, of["description"]),
    text(5, of["operationId"]),
    ...messages(6, of["parameters"] as readonly Json[] | undefined, parameterOrReference),
    message(7, body && [message(1, [text(1, body["description"]), mediaTypes(2, body), flag(3, body["required"])])]),
    message(8, [
      message(1, usual === undefined ? undefined : response(usual as Json)),
      ...named(2, responses, response),
    ]),
    flag(10, of["deprecated"]),
    ...extensions(13, of),
  ];
}

const response = (of: Json): Field[] => [message(1, [text(1, of["description"]), mediaTypes(3, of)])];

const mediaTypes = (number: number, of: Json): Field =>
  message(
    number,
    of["content"] === undefined
      ? undefined
      : named(1, of["content"] as Json, (each) => [
          message(1, each["schema"] === undefined ? undefined : schemaOrReference(each["schema"] as Json)),
        ]),
  );

const reference = (of: Json): Field[] => [text(1, of["$ref"])];

const parameterOrReference = (of: Json): Field[] =>
  of["$ref"] === undefined ? [message(1, parameter(of))] : [message(2, reference(of))];

const parameter = (of: Json): Field[] => [
  text(1, of["name"]),
  text(2, of["in"]),
  text(3, of["description"]),
  flag(4, of["required"]),
  message(10, of["schema"] === undefined ? undefined : schemaOrReference(of["schema"] as Json)),
];

const schemaOrReference = (of: Json): Field[] =>
  of["$ref"] === undefined ? [message(1, schema(of))] : [message(2, reference(of))];

/** Gnostic knows simple defaults only; of others it says that there is one. */
function defaultOf(value: unknown): Field[] | undefined {
  switch (typeof value) {
    case "undefined":
      return undefined;
    case "number":
      return [chosenReal(1, value)];
    case "bigint":
      return [chosenReal(1, Number(value))];
    case "boolean":
      return [chosenFlag(2, value)];
    case "string":
      return [chosenText(3, value)];
    default:
      return [];
  }
}

const additionalOf = (of: Json | boolean | undefined): Field[] | undefined =>
  of === undefined ? undefined : typeof of === "boolean" ? [chosenFlag(2, of)] : [message(1, schemaOrReference(of))];

const schemas = (number: number, of: unknown): Field[] =>
  messages(number, of as readonly Json[] | undefined, schemaOrReference);

function schema(of: Json): Field[] {
  const documents = of["externalDocs"] as Json | undefined;
  return [
    flag(1, of["nullable"]),
    message(6, documents && [text(1, documents["description"]), text(2, documents["url"])]),
    optional(7, of["example"]),
    text(9, of["title"]),
    real(10, of["multipleOf"]),
    real(11, of["maximum"]),
    flag(12, of["exclusiveMaximum"]),
    real(13, of["minimum"]),
    flag(14, of["exclusiveMinimum"]),
    whole(15, of["maxLength"]),
    whole(16, of["minLength"]),
    text(17, of["pattern"]),
    whole(18, of["maxItems"]),
    whole(19, of["minItems"]),
    flag(20, of["uniqueItems"]),
    whole(21, of["maxProperties"]),
    whole(22, of["minProperties"]),
    ...texts(23, of["required"]),
    ...messages(24, of["enum"] as readonly unknown[] | undefined, anything),
    text(25, of["type"]),
    ...schemas(26, of["allOf"]),
    ...schemas(27, of["oneOf"]),
    ...schemas(28, of["anyOf"]),
    message(29, of["not"] === undefined ? undefined : schema(of["not"] as Json)),
    message(30, of["items"] === undefined ? undefined : [message(1, schemaOrReference(of["items"] as Json))]),
    message(31, of["properties"] === undefined ? undefined : named(1, of["properties"] as Json, schemaOrReference)),
    message(32, additionalOf(of["additionalProperties"] as Json | boolean | undefined)),
    message(33, defaultOf(of["default"])),
    text(34, of["description"]),
    text(35, of["format"]),
    ...extensions(36, of),
  ];
}
