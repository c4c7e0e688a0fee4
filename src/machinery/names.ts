// Names, labels and keys as upstream checks and generates them. Every check returns upstream's texts, none when the value
// is fine; lengths count UTF-8 bytes. Upstream: k8s.io/apimachinery/pkg/util/validation, pkg/api/validate/content,
// k8s.io/apiserver/pkg/storage/names.
import type { Rng } from "../base/index.ts";

const longestGeneratedPrefix = 58;
/** No vowels and no characters that look alike: no words by accident. */
const suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/** `prefix` cut to 58 characters plus five of bcdfghjklmnpqrstvwxz2456789. */
export function generateName(prefix: string, rng: Rng): string {
  return prefix.slice(0, longestGeneratedPrefix) + randomSuffix(rng);
}

/** The five characters alone. */
export function randomSuffix(rng: Rng, length = 5): string {
  let text = "";
  for (let index = 0; index < length; index++) text += suffixAlphabet[rng.below(suffixAlphabet.length)];
  return text;
}

/** Each check returns upstream's texts, none when the value is fine. */
export type NameCheck = (value: string) => string[];

/** Length in UTF-8 bytes, without encoding. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(index + 1))) {
      bytes += 2;
      index++;
    } else bytes += 2;
  }
  return bytes;
}
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;

/** `… (e.g. 'a',  or 'b', regex used for validation is '…')`. */
export function regexError(text: string, format: string, ...examples: readonly string[]): string {
  if (examples.length === 0) return `${text} (regex used for validation is '${format}')`;
  const shown = examples.map((example) => `'${example}', `).join(" or ");
  return `${text} (e.g. ${shown}regex used for validation is '${format}')`;
}
export const emptyError = "must be non-empty";
/** Upstream writes `characters` for names and `bytes` for label keys and values; both count bytes. */
export const maxLengthError = (length: number, unit: "bytes" | "characters" = "characters"): string =>
  `must be no more than ${length} ${unit}`;
export const inclusiveRangeError = (low: number, high: number): string =>
  `must be between ${low} and ${high}, inclusive`;

interface Rule {
  readonly format: string;
  readonly text: string;
  readonly examples: readonly string[];
  readonly maxLength?: number;
  readonly unit?: "bytes" | "characters";
}

function check(rule: Rule): NameCheck {
  const pattern = new RegExp(`^(?:${rule.format})$`);
  const { maxLength } = rule;
  return (value) => {
    const errors: string[] = [];
    // A UTF-16 unit takes three bytes at most.
    if (maxLength !== undefined && value.length * 3 > maxLength && utf8Length(value) > maxLength)
      errors.push(maxLengthError(maxLength, rule.unit));
    if (!pattern.test(value)) errors.push(regexError(rule.text, rule.format, ...rule.examples));
    return errors;
  };
}

const labelFormat = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomainFormat = `${labelFormat}(\\.${labelFormat})*`;
const underscoreLabelFormat = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const keyFormat = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const keyText =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

const subdomainRule: Rule = {
  format: subdomainFormat,
  text: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  examples: ["example.com"],
  maxLength: 253,
};
export const dns1123Subdomain: NameCheck = check(subdomainRule);
const keyPrefix: NameCheck = check({ ...subdomainRule, unit: "bytes" });

export const dns1123SubdomainWithUnderscore: NameCheck = check({
  format: `${underscoreLabelFormat}(\\.${underscoreLabelFormat})*`,
  text: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
  examples: ["example.com"],
  maxLength: 253,
});

export const wildcardDns1123Subdomain: NameCheck = check({
  format: `\\*\\.${subdomainFormat}`,
  text: "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  examples: ["*.example.com"],
  maxLength: 253,
});

const plainDns1123Label = check({
  format: labelFormat,
  text: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  examples: ["my-name", "123-abc"],
  maxLength: 63,
});
const subdomainPattern = new RegExp(`^${subdomainFormat}$`);
const labelPattern = new RegExp(`^${labelFormat}$`);

export const dns1123Label: NameCheck = (value) => {
  if (labelPattern.test(value) || !subdomainPattern.test(value)) return plainDns1123Label(value);
  return [...(utf8Length(value) > 63 ? [maxLengthError(63)] : []), "must not contain dots"];
};

export const dns1035Label: NameCheck = check({
  format: "[a-z]([-a-z0-9]*[a-z0-9])?",
  text: "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  examples: ["my-name", "abc-123"],
  maxLength: 63,
});

export const labelValue: NameCheck = check({
  format: `(${keyFormat})?`,
  text: `a valid label ${keyText.replace("must consist", "must be an empty string or consist")}`,
  examples: ["MyValue", "my_value", "12345"],
  maxLength: 63,
  unit: "bytes",
});

const unprefixedKey = new RegExp(`^${keyFormat}$`);
const keyName = check({ format: keyFormat, text: keyText, examples: ["MyName", "my.name", "123-abc"] });

/** Keys of labels, annotations, finalizers, conditions, …: `[prefix/]name`. */
export const qualifiedName: NameCheck = (value) => {
  if (value.length <= 63 && unprefixedKey.test(value)) return [];
  const parts = value.split("/");
  if (parts.length > 2) {
    const text = regexError(`a valid label key ${keyText}`, keyFormat, "MyName", "my.name", "123-abc");
    return [`${text} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const errors: string[] = [];
  if (parts.length === 2) {
    const prefix = parts[0]!;
    if (prefix === "") errors.push(`prefix part ${emptyError}`);
    else errors.push(...keyPrefix(prefix).map((text) => `prefix part ${text}`));
  }
  const name = parts.at(-1)!;
  if (name === "") errors.push(`name part ${emptyError}`);
  else if (utf8Length(name) > 63) errors.push(`name part ${maxLengthError(63, "bytes")}`);
  errors.push(...keyName(name).map((text) => `name part ${text}`));
  return errors;
};

/** Names that are one path segment: RBAC objects. */
export const pathSegmentName: NameCheck = (value) =>
  value === "." || value === ".." ? [`may not be '${value}'`] : pathSegmentPrefix(value);

/** The same for a generateName prefix. */
export const pathSegmentPrefix: NameCheck = (value) =>
  ["/", "%"].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`);

/**
 * A name check that also takes a generateName prefix: a trailing dash will be followed by more characters.
 * Upstream: pkg/api/validation maskTrailingDash.
 */
export function nameOrPrefix(checkName: NameCheck): (value: string, prefix: boolean) => string[] {
  return (value, prefix) =>
    checkName(prefix && value.length > 1 && value.endsWith("-") ? `${value.slice(0, -2)}a` : value);
}

export const cIdentifier: NameCheck = check({
  format: "[A-Za-z_][A-Za-z0-9_]*",
  text: "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  examples: ["my_name", "MY_NAME", "MyName"],
});

/** Names of container ports (IANA service names): at most 15 characters. */
export const portName: NameCheck = (value) => {
  const errors: string[] = [];
  if (utf8Length(value) > 15) errors.push(maxLengthError(15));
  if (!/^[-a-z0-9]+$/.test(value))
    errors.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(value)) errors.push("must contain at least one letter (a-z)");
  if (value.includes("--")) errors.push("must not contain consecutive hyphens");
  if (value.startsWith("-") || value.endsWith("-")) errors.push("must not begin or end with a hyphen");
  return errors;
};

export const portNumber = (value: number): string[] => inRange(value, 1, 65535);
export const userId = (value: number): string[] => inRange(value, 0, 2147483647);
export const inRange = (value: number, low: number, high: number): string[] =>
  value >= low && value <= high ? [] : [inclusiveRangeError(low, high)];

/** `25%`. */
export const percent: NameCheck = check({
  format: "[0-9]+%",
  text: "a valid percent string must be a numeric string followed by an ending '%'",
  examples: ["1%", "93%"],
});

export const httpHeaderName: NameCheck = check({
  format: "[-A-Za-z0-9]+",
  text: "a valid HTTP header must consist of alphanumeric characters or '-'",
  examples: ["X-Header-Name"],
});

/** The rule in force since RelaxedEnvironmentVariableValidation: printable ASCII without `=`. */
export const relaxedEnvVarName: NameCheck = (value) => {
  if (value === "") return [`environment variable name ${emptyError}`];
  return /^[ -<>-~]*$/.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
};

const plainConfigMapKey = check({
  format: "[-._a-zA-Z0-9]+",
  text: "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  examples: ["key.name", "KEY_NAME", "key-name"],
  maxLength: 253,
});
/** Keys of ConfigMap and Secret data. */
export const configMapKey: NameCheck = (value) => [...plainConfigMapKey(value), ...parentDirectory(value)];

function parentDirectory(value: string): string[] {
  if (value === "." || value === "..") return [`must not be '${value}'`];
  return value.startsWith("..") ? ["must not start with '..'"] : [];
}
