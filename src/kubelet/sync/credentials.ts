// Which registry credentials of a pod's pull secrets fit an image. Upstream: pkg/credentialprovider keyring.go, secrets.go.
import type { Secret } from "../../api/index.ts";
import type { ImageAuth } from "../../runtime/index.ts";

interface Entry {
  readonly pattern: string;
  readonly auth: ImageAuth;
}

interface DockerAuth {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** The most specific first. Secrets that hold no docker configuration give none. */
export function credentialsFor(image: string, secrets: readonly Secret[]): ImageAuth[] {
  const target = normalized(image);
  return secrets
    .flatMap(entriesOf)
    .filter((entry) => matches(entry.pattern, target))
    .sort((a, b) => (a.pattern < b.pattern ? 1 : a.pattern > b.pattern ? -1 : 0))
    .map((entry) => entry.auth);
}

/** host/path of an image, with Docker's defaults. */
function normalized(image: string): string {
  const bare = image.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
  const first = bare.split("/")[0]!;
  if (/[.:]/.test(first) || first === "localhost") return bare;
  return `index.docker.io/${bare.includes("/") ? bare : `library/${bare}`}`;
}

function entriesOf(secret: Secret): Entry[] {
  const file = secret.data?.[".dockerconfigjson"];
  const legacy = secret.data?.[".dockercfg"];
  const text = file ?? legacy;
  if (text === undefined) return [];
  const parsed = JSON.parse(
    new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0))),
  ) as Record<string, unknown>;
  const auths = (file === undefined ? parsed : (parsed["auths"] ?? {})) as Record<string, DockerAuth>;
  return Object.entries(auths).map(([url, auth]) => ({
    pattern: url
      .replace(/^https?:\/\//, "")
      .replace(/\/(v1|v2)\/?$/, "")
      .replace(/\/$/, ""),
    auth: authOf(auth, url),
  }));
}

function authOf(auth: DockerAuth, serverAddress: string): ImageAuth {
  let { username, password } = auth;
  if (auth.auth !== undefined && username === undefined) {
    const decoded = atob(auth.auth);
    const colon = decoded.indexOf(":");
    username = decoded.slice(0, colon);
    password = decoded.slice(colon + 1);
  }
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(auth.identitytoken === undefined ? {} : { identityToken: auth.identitytoken }),
    ...(auth.registrytoken === undefined ? {} : { registryToken: auth.registrytoken }),
    serverAddress,
  };
}

/** Host labels may be globs (`*.example.com`); the path is a prefix of whole segments. */
function matches(pattern: string, target: string): boolean {
  const [host = "", ...path] = pattern.split("/");
  const [targetHost = "", ...targetPath] = target.split("/");
  const [name = "", port] = host.split(":");
  const [targetName = "", targetPort] = targetHost.split(":");
  if ((port ?? "") !== (targetPort ?? "")) return false;
  const labels = name.split(".");
  const targetLabels = targetName.split(".");
  if (
    labels.length !== targetLabels.length ||
    !labels.every((label, index) => globMatches(label, targetLabels[index]!))
  )
    return false;
  return path.every((segment, index) => targetPath[index] === segment);
}

function globMatches(glob: string, text: string): boolean {
  const parts = glob.split("*");
  if (parts.length === 1) return glob === text;
  if (!text.startsWith(parts[0]!) || !text.endsWith(parts.at(-1)!)) return false;
  let at = parts[0]!.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - parts.at(-1)!.length;
}
