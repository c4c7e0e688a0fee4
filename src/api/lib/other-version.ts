// Other served versions of a kind: with the same fields, where only apiVersion differs at the door, or with others, where the
// rules work on the stored form.
import { deepClone, type KubeObject } from "../../machinery/index.ts";
import type { KindDefinition, ServeRules } from "../kind.ts";

const inVersion = <From extends KubeObject, To extends KubeObject>(object: From, apiVersion: string): To =>
  ({ ...object, apiVersion }) as unknown as To;

/** The definition of `version`; what is stored is the given one. */
export function kindInVersion<Stored extends KubeObject, T extends KubeObject>(
  stored: KindDefinition<Stored>,
  version: string,
): KindDefinition<T> {
  const { group } = stored;
  return {
    ...(stored as KindDefinition as KindDefinition<T>),
    version,
    storedAs: { group, version: stored.version },
  };
}

/** The stored kind's rules, with the conversion between the two versions. */
export function rulesInVersion<Stored extends KubeObject, T extends KubeObject>(
  rules: ServeRules<Stored>,
  versions: { readonly stored: string; readonly served: string },
): ServeRules<T> {
  return {
    ...(rules as ServeRules<T>),
    convert: {
      toStored: (object: T) => inVersion<T, Stored>(object, versions.stored),
      fromStored: (stored: KubeObject) => inVersion<Stored, T>(stored as Stored, versions.served),
    },
  };
}

/** The stored kind's rules for a version with other fields: each draft is judged and prepared in its stored form. */
export function rulesThroughStored<Stored extends KubeObject, T extends KubeObject>(
  rules: ServeRules<Stored>,
  convert: { readonly toStored: (object: T) => Stored; readonly fromStored: (stored: Stored) => T },
): ServeRules<T> {
  const { toStored, fromStored } = convert;
  /** Runs on a copy in the stored form; what it makes of it goes into the draft. */
  const within = (draft: T, change: (stored: Stored) => void): void => {
    const stored = toStored(deepClone(draft));
    change(stored);
    const own = draft as Record<string, unknown>;
    for (const key of Object.keys(own)) delete own[key];
    Object.assign(own, fromStored(stored));
  };
  const { default: fill, prepareCreate, prepareUpdate, validate, validateUpdate, warnings, status } = rules;
  return {
    ...(rules as ServeRules<T>),
    ...(fill === undefined ? {} : { default: (draft) => within(draft, fill) }),
    ...(prepareCreate === undefined
      ? {}
      : { prepareCreate: (draft, context) => within(draft, (stored) => prepareCreate(stored, context)) }),
    ...(prepareUpdate === undefined
      ? {}
      : {
          prepareUpdate: (draft, old, context) =>
            within(draft, (stored) => prepareUpdate(stored, toStored(old), context)),
        }),
    ...(validate === undefined ? {} : { validate: (object, context) => validate(toStored(object), context) }),
    ...(validateUpdate === undefined
      ? {}
      : { validateUpdate: (object, old, context) => validateUpdate(toStored(object), toStored(old), context) }),
    ...(warnings === undefined
      ? {}
      : { warnings: (object, old) => warnings(toStored(object), old === undefined ? undefined : toStored(old)) }),
    ...(status === undefined ? {} : { status: statusThroughStored(status, { toStored, within }) }),
    convert: { toStored, fromStored: (stored) => fromStored(stored as Stored) },
  };
}

function statusThroughStored<Stored extends KubeObject, T extends KubeObject>(
  status: NonNullable<ServeRules<Stored>["status"]>,
  of: {
    readonly toStored: (object: T) => Stored;
    readonly within: (draft: T, change: (stored: Stored) => void) => void;
  },
): NonNullable<ServeRules<T>["status"]> {
  const { prepareUpdate, validateUpdate, ...rest } = status;
  return {
    ...rest,
    ...(prepareUpdate === undefined
      ? {}
      : {
          prepareUpdate: (draft, old, context) =>
            of.within(draft, (stored) => prepareUpdate(stored, of.toStored(old), context)),
        }),
    ...(validateUpdate === undefined
      ? {}
      : { validateUpdate: (object, old, context) => validateUpdate(of.toStored(object), of.toStored(old), context) }),
  };
}
