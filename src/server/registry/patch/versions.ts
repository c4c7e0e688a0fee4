// A kind in its other versions, for managers of fields that wrote with them.
import type { Versions } from "../../../machinery/index.ts";
import type { ServedResource } from "../../catalog.ts";
import type { RequestContext } from "../../context.ts";

type Loose = Record<string, unknown>;

export function versionsOf({ core, info }: RequestContext, resource: ServedResource): { readonly versions: Versions } {
  return {
    versions: (apiVersion) => {
      const other = core.catalog.all.find(
        (each) => each.stored === resource.stored && each.apiVersion === apiVersion && each.schema !== undefined,
      );
      if (other?.schema === undefined) return undefined;
      const through = (from: ServedResource, to: ServedResource, object: Loose): Loose => {
        const whole = withStructs(object, from);
        const stored = from.rules.convert === undefined ? whole : from.rules.convert.toStored(whole as never);
        const shown = to.rules.convert === undefined ? stored : to.rules.convert.fromStored(stored as never);
        return { ...(shown as Loose), apiVersion: to.apiVersion, kind: to.kind.kind };
      };
      return {
        schema: other.schema,
        // Of custom resources upstream knows what the main endpoint resets for the request's version alone.
        ...(other.custom === undefined || info.subresource === "status" ? {} : { resetsNothing: true }),
        convert: (object) => through(resource, other, object),
        convertBack: (object) => through(other, resource, object),
      };
    },
  };
}

/** What pruning took away as a whole is there again as an empty struct: Go's types cannot do without. */
function withStructs(object: Loose, { schema }: ServedResource): Loose {
  const whole: Loose = { ...object };
  for (const [name, property] of Object.entries(schema?.p ?? {})) if (property.r !== undefined) whole[name] ??= {};
  return whole;
}
