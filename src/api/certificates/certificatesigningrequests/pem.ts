// Whether base64 text holds a PEM block with a certificate request.

const block = /-----BEGIN ([^-\n]+)-----\n[A-Za-z0-9+/=\s]*-----END \1-----/;

/** What is wrong, as upstream says it; undefined when nothing is. */
export function pemError(request: string | undefined | null): string | undefined {
  let text: string;
  try {
    text = atob(request ?? "");
  } catch {
    text = "";
  }
  return block.exec(text)?.[1] === "CERTIFICATE REQUEST" ? undefined : "PEM block type must be CERTIFICATE REQUEST";
}
