// PEM text of certificates and keys (RFC 7468).

const block = /-----BEGIN ([^-\n]*)-----[ \t]*\r?\n([\s\S]*?)-----END \1-----/g;
const header = /^[^\n:]+:[^\n]*\r?\n/;
const lineLength = 64;

/** Base64 of each block, without its headers and line ends; what stands around the blocks is passed over. */
export function pemBodies(text: string): string[] {
  return [...text.matchAll(block)].map(([, , body = ""]) => {
    let rest = body;
    while (header.test(rest)) rest = rest.replace(header, "");
    return rest.replace(/\s/g, "");
  });
}

export function pemBlock(label: string, base64: string): string {
  let lines = "";
  for (let at = 0; at < base64.length; at += lineLength) lines += `${base64.slice(at, at + lineLength)}\n`;
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}
