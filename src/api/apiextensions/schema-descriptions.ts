// What `kubectl explain` says about the JSON schemas in custom resource definitions. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

const forbidden = "Not allowed in a definition: a schema has to be complete in itself.";

export const schema: Descriptions = {
  ExternalDocumentation: {
    "": "Documentation at another place.",
    description: "What is found there.",
    url: "Where it is found.",
  },
  JSON: {
    "": "Any JSON value.",
  },
  JSONSchemaProps: {
    "": "A JSON schema after OpenAPI v3, in structural form: every value has a type, and what allOf, anyOf, oneOf and not talk about is described outside of them too.",
    $ref: forbidden,
    $schema: "URL of the schema's own schema. Has no effect.",
    additionalItems: "Whether an array may have more items than items describes. Not allowed in a structural schema.",
    additionalProperties:
      "Schema of the values of a map with any keys, or true for any values. A schema excludes properties.",
    allOf: "All of these schemas must hold.",
    anyOf: "At least one of these schemas must hold.",
    default: "Value that the field gets when it is absent. It must itself be valid.",
    definitions: forbidden,
    dependencies: "Not allowed in a structural schema: write a rule in x-kubernetes-validations instead.",
    description: "What the value means. `kubectl explain` shows it.",
    enum: "The only values allowed.",
    example: "An example of the value. Has no effect.",
    exclusiveMaximum: "true: the value must be below maximum, not equal to it.",
    exclusiveMinimum: "true: the value must be above minimum, not equal to it.",
    externalDocs: "Where more is said about the value.",
    format:
      "Closer form of the value, checked where the server knows it: among others date-time, date, duration, byte, uuid, ipv4, ipv6, cidr, mac, uri, hostname, email. Unknown ones are ignored.",
    id: forbidden,
    items: "Schema of the items of an array. A list of schemas is not allowed.",
    maxItems: "The most items that an array may have.",
    maxLength: "The most characters that a string may have.",
    maxProperties: "The most keys that an object may have.",
    maximum: "The greatest number allowed.",
    minItems: "The fewest items that an array may have.",
    minLength: "The fewest characters that a string may have.",
    minProperties: "The fewest keys that an object may have.",
    minimum: "The smallest number allowed.",
    multipleOf: "The number must be a multiple of this one.",
    not: "This schema must not hold.",
    nullable: "true: null is allowed too. Where it is not, null is dropped if there is a default. false by default.",
    oneOf: "Exactly one of these schemas must hold.",
    pattern: "Regular expression that a string must match somewhere; begin with ^ and end with $ for the whole.",
    patternProperties: "Not allowed in a structural schema: use additionalProperties and a rule for the keys.",
    properties: "Schemas of the fields of an object, by name. Other fields are dropped.",
    required: "Fields that must be there.",
    title: "Short name of the value. Has no effect.",
    type: "object, array, string, integer, number or boolean. Required, but for values of x-kubernetes-int-or-string and x-kubernetes-preserve-unknown-fields.",
    uniqueItems: "Must not be true: use x-kubernetes-list-type: set.",
    "x-kubernetes-embedded-resource":
      "true: the value is a whole object, whose apiVersion, kind and metadata are checked. The type must be object.",
    "x-kubernetes-int-or-string":
      "true: the value is an integer or a string, e.g. for ports and percentages. No type is given then.",
    "x-kubernetes-list-map-keys":
      "Fields that tell the items apart, for x-kubernetes-list-type: map. They hold plain values, and are required or have a default.",
    "x-kubernetes-list-type":
      "How appliers share an array: atomic (default) belongs to one as a whole; set has plain values, each once, each with its own owner; map has objects with keys, each with its own owner.",
    "x-kubernetes-map-type":
      "How appliers share an object: granular (default) gives each field its own owner; atomic belongs to one as a whole.",
    "x-kubernetes-preserve-unknown-fields":
      "true: fields that the schema does not know are kept, below here too, up to where properties are described again. false is not allowed.",
    "x-kubernetes-validations": "Rules in CEL for what a schema cannot say.",
  },
  JSONSchemaPropsOrArray: {
    "": "A schema. A list of schemas is not allowed in a definition.",
  },
  JSONSchemaPropsOrBool: {
    "": "A schema, or true for anything.",
  },
  JSONSchemaPropsOrStringArray: {
    "": "A schema, or names of fields.",
  },
  ValidationRule: {
    "": "A rule in CEL that values must obey.",
    fieldPath:
      "Field that an error is reported for, as a path from here, e.g. .spec.color; it must exist in the schema. By default the value itself.",
    message:
      "What to say when the rule is broken. Without it the rule is shown. Required when the rule has several lines.",
    messageExpression:
      "CEL expression that yields the message. It goes before message, unless it fails or yields nothing.",
    optionalOldSelf:
      "true: a rule that uses oldSelf is evaluated on creation too, and oldSelf is an optional then. By default such a rule waits for an update.",
    reason:
      "Reason that clients get: FieldValueInvalid (default), FieldValueForbidden, FieldValueRequired or FieldValueDuplicate.",
    rule: "CEL expression that must be true. self is the value at this place of the schema, oldSelf what it was before. E.g. self.min <= self.max.",
  },
};
