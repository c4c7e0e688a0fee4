// Names of a user's extra information in headers, which may hold escapes of URLs. Upstream: unescapeExtraKey of impersonation and requestheader.

/** What is no valid escape is kept as it is. */
export function unescapeExtraKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
