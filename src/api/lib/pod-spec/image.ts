// The tag of an image reference, as far as defaulting asks. Upstream: pkg/util/parsers, github.com/distribution/reference.
const domainPart = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const domain = `(?:${domainPart}(?:\\.${domainPart})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const path = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const tag = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const reference = new RegExp(`^(?:${domain}/)?${path}(?:/${path})*(?::(?<tag>${tag}))?(?<digest>@${digest})?$`);
const bareIdentifier = /^[a-f0-9]{64}$/;

/** `latest` when there is neither tag nor digest; empty for a digest alone and for text that is no reference. */
function imageTag(image: string): string {
  const match = bareIdentifier.test(image) ? null : reference.exec(image);
  if (match === null) return "";
  return match.groups?.["tag"] ?? (match.groups?.["digest"] === undefined ? "latest" : "");
}

export const defaultPullPolicy = (image: string): "Always" | "IfNotPresent" =>
  imageTag(image) === "latest" ? "Always" : "IfNotPresent";
