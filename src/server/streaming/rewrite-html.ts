// Links of a page that comes through the API server's proxy lead back through it. Upstream: apimachinery util/proxy transport.go with
// golang.org/x/net/html: every start tag is written anew, what is between tags stays as it is.

/** Attributes that hold a URL, by element. */
const linkAttributes: Readonly<Record<string, readonly string[]>> = {
  a: ["href"],
  applet: ["codebase"],
  area: ["href"],
  audio: ["src"],
  base: ["href"],
  blockquote: ["cite"],
  body: ["background"],
  button: ["formaction"],
  command: ["icon"],
  del: ["cite"],
  embed: ["src"],
  form: ["action"],
  frame: ["longdesc", "src"],
  head: ["profile"],
  html: ["manifest"],
  iframe: ["longdesc", "src"],
  img: ["longdesc", "src", "usemap"],
  input: ["src", "usemap", "formaction"],
  ins: ["cite"],
  link: ["href"],
  object: ["classid", "codebase", "data", "usemap"],
  q: ["cite"],
  script: ["src"],
  source: ["src"],
  video: ["poster", "src"],
};

/** Elements whose content is text up to their own end tag. */
const rawText = new Set("iframe noembed noframes noscript plaintext script style textarea title xmp".split(" "));

interface Tag {
  readonly name: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
  readonly selfClosing: boolean;
  /** Index behind it. */
  readonly end: number;
}

const tagName = /[a-zA-Z][^\s/>]*/y;
const attributeName = /[^\s/>=][^\s/>=]*/y;
const blanks = /[\s/]*/y;
const equals = /\s*=\s*/y;
const bareValue = /[^\s>]*/y;

/** One pass, each character once. Undefined when no start tag begins here or it does not end. */
function readTag(page: string, start: number): Tag | undefined {
  let at = start + 1;
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const text = pattern.exec(page)?.[0] ?? "";
    at += text.length;
    return text;
  };
  const name = take(tagName).toLowerCase();
  if (name === "") return undefined;
  const attributes: [string, string][] = [];
  while (at < page.length) {
    take(blanks);
    if (page[at] === ">") return { name, attributes, selfClosing: page[at - 1] === "/", end: at + 1 };
    const key = take(attributeName).toLowerCase();
    if (key === "") {
      at++; // a stray sign
      continue;
    }
    if (take(equals) === "") {
      attributes.push([key, ""]);
      continue;
    }
    const quote = page[at];
    if (quote !== '"' && quote !== "'") {
      attributes.push([key, take(bareValue)]);
      continue;
    }
    const close = page.indexOf(quote, at + 1);
    if (close < 0) return undefined;
    attributes.push([key, page.slice(at + 1, close)]);
    at = close + 1;
  }
  return undefined;
}

/** `rewrite` gets each link and yields what stands in its place. */
export function rewriteHtml(page: string, rewrite: (link: string) => string): string {
  let out = "";
  for (let at = 0; at < page.length; ) {
    const next = page.indexOf("<", at);
    if (next < 0) return out + page.slice(at);
    out += page.slice(at, next);
    const comment = page.startsWith("<!--", next) ? page.indexOf("-->", next + 4) : -1;
    const tag = comment >= 0 ? undefined : readTag(page, next);
    if (tag === undefined) {
      const end = comment >= 0 ? comment + 3 : next + 1;
      out += page.slice(next, end);
      at = end;
      continue;
    }
    out += tagText(tag, rewrite);
    at = tag.end;
    if (!rawText.has(tag.name) || tag.selfClosing) continue;
    const close = new RegExp(`</${tag.name}[\\s/>]`, "gi");
    close.lastIndex = at;
    const stop = close.exec(page)?.index ?? page.length;
    out += page.slice(at, stop);
    at = stop;
  }
  return out;
}

function tagText({ name, attributes, selfClosing }: Tag, rewrite: (link: string) => string): string {
  let text = `<${name}`;
  for (const [key, written] of attributes) {
    const value = decoded(written);
    text += ` ${key}="${escaped(linkAttributes[name]?.includes(key) ? rewrite(value) : value)}"`;
  }
  return `${text}${selfClosing ? "/" : ""}>`;
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

const decoded = (text: string): string =>
  text.replace(/&(?:#[xX]([0-9a-fA-F]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/g, (whole, hex, decimal, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
  "\r": "&#13;",
};

/** Names of other characters stay what they are. */
const escaped = (text: string): string =>
  text.replace(/&(?![a-zA-Z][a-zA-Z0-9]*;)|[<>"'\r]/g, (character) => escapes[character] ?? character);

const encodings = { gzip: "gzip", deflate: "deflate-raw" } as const;

async function through(body: Uint8Array, stream: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const response = new Response(new Blob([body as Uint8Array<ArrayBuffer>]).stream().pipeThrough(stream));
  return new Uint8Array(await response.arrayBuffer());
}

/** The page with its links rewritten, in the encoding it came in. Undefined when that encoding is not known: the page stays as it is. */
export async function rewritePage(
  body: Uint8Array,
  encoding: string,
  rewrite: (link: string) => string,
): Promise<Uint8Array | undefined> {
  const format =
    encoding === "" ? undefined : (encodings as Readonly<Record<string, "gzip" | "deflate-raw">>)[encoding];
  if (encoding !== "" && format === undefined) return undefined;
  const plain = format === undefined ? body : await through(body, new DecompressionStream(format));
  const page = new TextEncoder().encode(rewriteHtml(new TextDecoder().decode(plain), rewrite));
  return format === undefined ? page : through(page, new CompressionStream(format));
}
