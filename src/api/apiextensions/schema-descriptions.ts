// What `kubectl explain` says about the JSON schemas in custom resource definitions. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

export const schema: Descriptions = {
  ExternalDocumentation: {
    "": "Documentation at another place.",
  },
  JSON: {
    "": "Any JSON value.",
  },
  JSONSchemaProps: {
    "": "A JSON schema after OpenAPI v3, in structural form: every value has a type, and what allOf, anyOf, oneOf and not talk about is described outside of them too.",
    default: "Value that the field gets when it is absent. It must itself be valid.",
    format:
      "Closer form of the value, checked where the server knows it: among others date-time, date, duration, byte, uuid, ipv4, ipv6, cidr, mac, uri, hostname, email. Unknown ones are ignored.",
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
