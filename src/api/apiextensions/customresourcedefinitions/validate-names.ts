// The names that a definition gives its kind, and its group.
import type { CustomResourceDefinition } from "../../../../facts/types/apiextensions.v1.ts";
import { dns1035Label, dns1123Subdomain, type FieldError, field } from "../../../machinery/index.ts";
import { indexPath } from "../custom/schema.ts";

type Names = CustomResourceDefinition["spec"]["names"];

export function groupFindings(group: string): FieldError[] {
  if (group === "") return [field.required("spec.group")];
  const wrong = dns1123Subdomain(group);
  if (wrong.length > 0) return [field.invalid("spec.group", group, wrong.join(","))];
  return group.includes(".") ? [] : [field.invalid("spec.group", group, "should be a domain with at least one dot")];
}

export function namesFindings(names: Names | undefined): FieldError[] {
  const required = (["plural", "singular", "kind", "listKind"] as const).flatMap((name) =>
    names?.[name] ? [] : [field.required(`spec.names.${name}`)],
  );
  return [...required, ...nameListFindings(names, "spec.names")];
}

export function nameListFindings(names: Names | undefined, at: string): FieldError[] {
  if (names === undefined) return [];
  const found: FieldError[] = [];
  const label = (value: string | undefined, path: string): void => {
    const wrong = value ? dns1035Label(value) : [];
    if (wrong.length > 0) found.push(field.invalid(path, value, wrong.join(",")));
  };
  const kind = (value: string | undefined, path: string): void => {
    const wrong = value ? dns1035Label(value.toLowerCase()) : [];
    if (wrong.length > 0)
      found.push(field.invalid(path, value, `may have mixed case, but should otherwise match: ${wrong.join(",")}`));
  };
  label(names.plural, `${at}.plural`);
  label(names.singular, `${at}.singular`);
  kind(names.kind, `${at}.kind`);
  kind(names.listKind, `${at}.listKind`);
  const every = (list: readonly string[] | undefined, path: string): void =>
    list?.forEach((each, index) => {
      const wrong = dns1035Label(each);
      if (wrong.length > 0) found.push(field.invalid(indexPath(path, index), each, wrong.join(",")));
    });
  every(names.shortNames, `${at}.shortNames`);
  if (names.kind && names.kind === names.listKind)
    found.push(field.invalid(`${at}.listKind`, names.listKind, "kind and listKind may not be the same"));
  every(names.categories, `${at}.categories`);
  return found;
}
