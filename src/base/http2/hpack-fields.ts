// Header fields as HPACK carries them, and what HTTP/2 thinks of each (RFC 7541 appendix A; RFC 9113 §8.2, §8.3). A field is
// judged once, when its strings are read; tables hand out the same field again.

/** What a request may do with a field. */
export type FieldKind = "regular" | "pseudo" | "malformed";

export interface Field {
  readonly name: string;
  readonly value: string;
  readonly kind: FieldKind;
  /** As the table and the list count it. RFC 7541 §4.1. */
  readonly size: number;
}

/** Of a connection, not of a message. RFC 9113 §8.2.2. */
const connectionFields = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
// Control characters other than the tab, as Go judges them.
const badValuePattern = /[\0-\x08\x0a-\x1f\x7f]/;

function kindOf(name: string, value: string): FieldKind {
  if (badValuePattern.test(value)) return "malformed";
  if (name.charCodeAt(0) === 0x3a) return "pseudo";
  if (!tokenPattern.test(name) || connectionFields.has(name)) return "malformed";
  return name === "te" && value !== "trailers" ? "malformed" : "regular";
}

export const fieldOf = (name: string, value: string): Field => ({
  name,
  value,
  kind: kindOf(name, value),
  size: name.length + value.length + 32,
});

const staticNames =
  ":authority|:method GET|:method POST|:path /|:path /index.html|:scheme http|:scheme https|:status 200|:status 204|:status 206|" +
  ":status 304|:status 400|:status 404|:status 500|accept-charset|accept-encoding gzip, deflate|accept-language|accept-ranges|accept|" +
  "access-control-allow-origin|age|allow|authorization|cache-control|content-disposition|content-encoding|content-language|" +
  "content-length|content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|if-match|" +
  "if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|location|max-forwards|proxy-authenticate|" +
  "proxy-authorization|range|referer|refresh|retry-after|server|set-cookie|strict-transport-security|transfer-encoding|user-agent|" +
  "vary|via|www-authenticate";

/** Index 1 is the first. */
export const staticFields: readonly Field[] = staticNames.split("|").map((each) => {
  const space = each.indexOf(" ");
  return space < 0 ? fieldOf(each, "") : fieldOf(each.slice(0, space), each.slice(space + 1));
});
