// Blocks of PEM text. Upstream: encoding/pem.

/** A block begins a line. */
const pattern = /(?:^|\n)-----BEGIN ([^-\n]*)-----[ \t]*\r?\n([\s\S]*?)-----END \1-----/g;
const header = /^[^\n:]+:[^\n]*\r?\n/;

export interface PemBlock {
  readonly type: string;
  readonly headers: boolean;
  readonly bytes: Uint8Array;
}

/** Undefined for what is no base64. */
export function decoded(base64: string | undefined | null): string | undefined {
  try {
    return atob(base64 ?? "");
  } catch {
    return undefined;
  }
}

/** Blocks whose content is base64; text around them is passed over. */
export function pemBlocks(text: string): PemBlock[] {
  return [...text.matchAll(pattern)].flatMap(([, type = "", body = ""]) => {
    let rest = body;
    while (header.test(rest)) rest = rest.replace(header, "");
    const content = decoded(rest.replace(/\s/g, ""));
    if (content === undefined) return [];
    return [{ type, headers: rest !== body, bytes: Uint8Array.from(content, (each) => each.charCodeAt(0)) }];
  });
}
