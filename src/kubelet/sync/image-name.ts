// Names of images. Upstream: pkg/util/parsers, distribution/reference.

const domain =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

const bad = (image: string, why = ""): Error =>
  new Error(`couldn't parse image name ${JSON.stringify(image)}: invalid reference format${why}`);

/** The name with `:latest` when it has neither tag nor digest. Throws with upstream's text for what is no image name. */
export function withDefaultTag(image: string): string {
  const at = image.indexOf("@");
  const digest = at < 0 ? undefined : image.slice(at + 1);
  const named = at < 0 ? image : image.slice(0, at);
  const colon = named.lastIndexOf(":");
  const hasTag = colon > named.lastIndexOf("/");
  const path = hasTag ? named.slice(0, colon) : named;
  const slash = path.indexOf("/");
  const first = slash < 0 ? "" : path.slice(0, slash);
  const hasDomain = first !== "" && (/[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first);
  const repository = hasDomain ? path.slice(slash + 1) : path;
  if (
    repository.toLowerCase() !== repository &&
    repository.split("/").every((part) => component.test(part.toLowerCase()))
  )
    throw bad(image, `: repository name (${repository}) must be lowercase`);
  if (hasDomain && !domain.test(first)) throw bad(image);
  if (path === "" || !repository.split("/").every((part) => component.test(part))) throw bad(image);
  if (hasTag && !tagPattern.test(named.slice(colon + 1))) throw bad(image);
  if (digest !== undefined && !digestPattern.test(digest)) throw bad(image);
  return hasTag || digest !== undefined ? image : `${image}:latest`;
}
