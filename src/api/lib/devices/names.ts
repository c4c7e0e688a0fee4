// Names of drivers, pools, devices, attributes and requests. Upstream: pkg/apis/resource/validation.
import { cIdentifier, dns1123Label, dns1123Subdomain, field, utf8Length } from "../../../machinery/index.ts";
import { type Check, dnsLabel, named } from "../validate.ts";
import { csiDriverName } from "../volumes/volume-sources.ts";

const longestPoolName = 253;
const longestIdentifier = 32;
const longestDomain = 63;
/** Of `domain/identifier`. */
export const longestQualifiedName = longestDomain + 1 + longestIdentifier;
export const longestLabel = 63;

/** Drivers are named like those of CSI. */
export const driverName = csiDriverName;
export const deviceName = dnsLabel;
export const counterName: Check<string> = named(dns1123Label);
export const requestName = dnsLabel;

/** Subdomains, joined by slashes. */
export const poolName: Check<string | undefined> = (name, at, found) => {
  if (!name) {
    found.push(field.required(at));
    return;
  }
  if (utf8Length(name) > longestPoolName) found.push(field.tooLong(at, longestPoolName));
  for (const part of name.split("/")) named(dns1123Subdomain)(part, at, found);
};

export const className: Check<string | undefined> = (name, at, found) => {
  if (!name) found.push(field.required(at));
  else named(dns1123Subdomain)(name, at, found);
};

const identifier: Check<string> = (name, at, found) => {
  if (utf8Length(name) > longestIdentifier) found.push(field.tooLong(at, longestIdentifier));
  for (const text of cIdentifier(name)) found.push(field.invalid(at, name, text));
};

/** `identifier` or `domain/identifier`. Upstream lets names with more slashes pass. */
export const qualifiedName: Check<string> = (name, at, found) => {
  const [first = "", second, ...more] = name.split("/");
  if (second === undefined) identifier(first, at, found);
  else if (more.length === 0) {
    if (first === "") found.push(field.invalid(at, "", "the domain must not be empty"));
    else driverName(first, at, found);
    if (second === "") found.push(field.invalid(at, "", "the name must not be empty"));
    else identifier(second, at, found);
  }
};

export const fullyQualifiedName: Check<string> = (name, at, found) => {
  qualifiedName(name, at, found);
  if (!name.includes("/"))
    found.push(field.invalid(at, name, "a fully qualified name must be a domain and a name separated by a slash"));
};

const uidForms: readonly RegExp[] = [
  /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
  /^urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
  /^\{[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\}$/i,
  /^[0-9a-f]{32}$/i,
];

/** What Go's uuid package says of a text that is none. */
function uidProblem(text: string): string | undefined {
  if (uidForms.some((form) => form.test(text))) return undefined;
  const length = utf8Length(text);
  if (![32, 36, 38, 45].includes(length)) return `invalid UUID length: ${length}`;
  if (length === 45 && !/^urn:uuid:/i.test(text)) return `invalid urn prefix: ${JSON.stringify(text.slice(0, 9))}`;
  if (length === 38 && !/^\{.*\}$/s.test(text)) return "invalid bracketed UUID format";
  return "invalid UUID format";
}

export const shareUid: Check<string> = (uid, at, found) => {
  const problem = uidProblem(uid);
  if (problem !== undefined) found.push(field.invalid(at, uid, `error validating uid: ${problem}`));
  else if (uid.length !== 36 || uid !== uid.toLowerCase())
    found.push(
      field.invalid(
        at,
        uid,
        "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters",
      ),
    );
};
