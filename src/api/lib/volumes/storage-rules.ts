// What storage classes and their kin share. Upstream: pkg/apis/storage/validation.
import { field, qualifiedName, utf8Length } from "../../../machinery/index.ts";
import type { Check } from "../validate.ts";

const mostParameters = 512;
const parametersLimitBytes = 256 * 1024;

/** The driver that a class is for, in any case. */
export const provisioner: Check<string | undefined> = (name, at, found) => {
  if (!name) found.push(field.required(at));
  else for (const text of qualifiedName(name.toLowerCase())) found.push(field.invalid(at, name.toLowerCase(), text));
};

export const parameters =
  (options: { readonly needed: boolean }): Check<Readonly<Record<string, string>> | undefined> =>
  (map, at, found) => {
    const entries = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length > mostParameters) {
      found.push(field.tooLong(at, mostParameters));
      return;
    }
    let size = 0;
    for (const [key, value] of entries) {
      if (key === "") found.push(field.invalid(at, key, "field can not be empty."));
      size += utf8Length(key) + utf8Length(value);
    }
    if (size > parametersLimitBytes) found.push(field.tooLong(at, parametersLimitBytes));
    if (options.needed && entries.length === 0)
      found.push(field.required(at, "must contain at least one key/value pair"));
  };
