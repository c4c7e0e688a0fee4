// Defaults have to be values that their own schema accepts. Upstream: pkg/apiserver/schema/defaulting/validation.go.
import { deepClone, type FieldError, field, isObject, sortedCopy } from "../../../machinery/index.ts";
import { coerceEmbedded, validateEmbedded } from "./object-meta.ts";
import { pruneValue } from "./pruning.ts";
import {
  asResource,
  childPath,
  hasDefault,
  isEmbedded,
  itemsOf,
  type JsonSchema,
  keyPath,
  typeMetaFields,
} from "./schema.ts";
import { strictlyEqual } from "./values/correlation.ts";
import { validateDefaultValue } from "./values/validate.ts";

export interface DefaultRules {
  /** Unknown fields in defaults are refused. */
  readonly requirePruned: boolean;
  /** x-kubernetes-validations of the schema against a default. */
  readonly rules?: (schema: JsonSchema, value: unknown, at: string) => FieldError[];
}

/** `at`: the path of the root schema. */
export function validateDefaults(schema: JsonSchema, at: string, rules: DefaultRules): FieldError[] {
  const root = asResource(schema);
  return visit(root, { at, root, insideMeta: false, around: (value) => value, rules });
}

interface Visit {
  readonly at: string;
  readonly root: JsonSchema;
  readonly insideMeta: boolean;
  /** The value of this place within the resource that it belongs to. */
  readonly around: (value: unknown) => unknown;
  readonly rules: DefaultRules;
}

function visit(schema: JsonSchema, place: Visit): FieldError[] {
  const here: Visit = isEmbedded(schema)
    ? { ...place, insideMeta: false, root: schema, around: (value) => value }
    : place;
  const found = hasDefault(schema) ? defaultFindings(schema, here) : [];
  const items = itemsOf(schema);
  if (items !== undefined)
    found.push(...visit(items, { ...here, at: childPath(here.at, "items"), around: (value) => here.around([value]) }));
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    found.push(
      ...visit(property, {
        ...here,
        at: keyPath(childPath(here.at, "properties"), name),
        insideMeta: here.insideMeta || (isEmbedded(schema) && typeMetaFields.has(name)),
        around: (value) => here.around({ [name]: value }),
      }),
    );
  return found;
}

function defaultFindings(schema: JsonSchema, { at, root, insideMeta, around, rules }: Visit): FieldError[] {
  const path = childPath(at, "default");
  const value = schema.default;
  const wrongMetadata = insideMeta ? metadataProblem(around(deepClone(value)), root) : undefined;
  if (wrongMetadata !== undefined)
    return [field.invalid(path, sortedCopy(value), `must result in valid metadata: ${wrongMetadata}`)];
  const found: FieldError[] = [];
  if (!insideMeta) {
    if (rules.requirePruned) {
      const pruned = deepClone(value);
      pruneValue(pruned, schema);
      if (!strictlyEqual(pruned, value))
        found.push(field.invalid(path, sortedCopy(value), "must not have unknown fields"));
    }
    const coerced = coerceEmbedded(deepClone(value), schema, { dropInvalid: false }, path);
    if (coerced.error !== undefined) return [...found, coerced.error];
    const embedded = validateEmbedded(value, schema, path);
    if (embedded.length > 0) return [...found, ...embedded];
  }
  const wrong = validateDefaultValue(value, schema, path);
  if (wrong.length > 0) return [...found, ...wrong];
  return [...found, ...(rules.rules?.(schema, value, path) ?? [])];
}

/** What is wrong with the metadata of the resource that a default makes; undefined when it is fine. */
function metadataProblem(resource: unknown, root: JsonSchema): string | undefined {
  const named = isObject(resource) ? { apiVersion: "validation/v1", kind: "Validation", ...resource } : resource;
  const resourceSchema = asResource(root);
  const coerced = coerceEmbedded(named, resourceSchema, { dropInvalid: false });
  if (coerced.error !== undefined) return `${coerced.error.field}: ${coerced.error.message}`;
  const found = validateEmbedded(named, resourceSchema);
  if (found.length === 0) return undefined;
  const texts = [...new Set(found.map((each) => `${each.field}: ${each.message}`))];
  return texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
}
