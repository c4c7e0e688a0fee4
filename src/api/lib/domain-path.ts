// Names with a domain in front: `acme.io/foo`. Upstream: k8s.io/apimachinery/pkg/util/validation IsDomainPrefixedPath.
import { dns1123Subdomain, field, regexError } from "../../machinery/index.ts";
import { type Check, named } from "./validate.ts";

const pathFormat = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const pathPattern = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

export const domainPrefixedPath: Check<string> = (value, at, found) => {
  const slash = value.indexOf("/");
  const [host, path] = [value.slice(0, slash), value.slice(slash + 1)];
  if (value === "") found.push(field.required(at));
  else if (slash <= 0 || path === "")
    found.push(field.invalid(at, value, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  else {
    named(dns1123Subdomain)(host, at, found);
    if (!pathPattern.test(path)) found.push(field.invalid(at, path, regexError("Invalid path", pathFormat)));
  }
};
