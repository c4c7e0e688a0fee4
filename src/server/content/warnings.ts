// `Warning` headers of an answer. Upstream: apiserver's filters/warning.go, apimachinery's util/net NewWarningHeader.

const mostCharacters = 4 * 1024;
/** Of one text, once all together are too long. */
const shortened = 256;

/** The values, each text once, in order; texts with control characters can not be sent. */
export function warningHeaders(texts: readonly string[]): string[] {
  if (texts.length === 0) return [];
  const sendable = texts.filter((text) => text !== "" && !/\p{Cc}/u.test(text));
  if (charactersOf(sendable) <= mostCharacters) return sendable.map(header);
  const cut: string[] = [];
  let written = 0;
  for (const text of sendable) {
    if (written >= mostCharacters) break;
    const characters = [...text].slice(0, shortened);
    written += characters.length;
    cut.push(header(characters.join("")));
  }
  return cut;
}

/** Of all together; counted only when there may be too many. */
function charactersOf(texts: readonly string[]): number {
  let units = 0;
  for (const text of texts) units += text.length;
  return units <= mostCharacters ? units : texts.reduce((sum, text) => sum + [...text].length, 0);
}

const header = (text: string): string => `299 - "${text.replace(/["\\]/g, "\\$&")}"`;
