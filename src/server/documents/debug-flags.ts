// /debug/flags/v: the verbosity of the process's log, changed while it runs. Upstream: apiserver's server/routes/flags.go and
// component-base's logs.GlogSetter.
import { quoteGo } from "../../machinery/index.ts";
import { type DocumentRoute, textResponse } from "./documents.ts";

const page =
  "<html>\n<head>\n<title>/debug/flags/</title>\n</head>\n<body>\n/debug/flags/<br>\n<br>\nflags:<br>\n<table>\n<tr>v<br>\n</table>\n<br>\nfull flags configurable<br>\n</body>\n</html>\n";
const index: Omit<DocumentRoute, "path"> = {
  hidden: true,
  handler: () => textResponse(200, page, "text/html; charset=utf-8"),
};

/** `setVerbosity` takes klog's levels: 0 says least. */
export const debugFlagRoutes = (setVerbosity: (verbosity: number) => void): readonly DocumentRoute[] => [
  { ...index, path: "/debug/flags" },
  { ...index, path: "/debug/flags/*" },
  {
    path: "/debug/flags/v",
    hidden: true,
    handler: ({ request }) => {
      if (request.method !== "PUT") return plain(406, "unsupported http method");
      const { body } = request;
      const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : "";
      const why = faultOf(text);
      if (why !== undefined) return plain(400, why);
      setVerbosity(Number(text));
      return plain(200, `successfully set klog.logging.verbosity to ${text}`);
    },
  },
];

const plain = (status: number, text: string): ReturnType<typeof textResponse> =>
  textResponse(status, `${text}\n`, "text/plain");

/** Of an unsigned number of 32 bits that a signed one holds, in Go's words. */
function faultOf(text: string): string | undefined {
  const parsing = (type: string, why: string): string => `strconv.Parse${type}: parsing ${quoteGo(text)}: ${why}`;
  if (!/^[0-9]+$/.test(text)) return parsing("Uint", "invalid syntax");
  if (Number(text) >= 2 ** 32) return parsing("Uint", "value out of range");
  if (Number(text) < 2 ** 31) return undefined;
  return `failed set klog.logging.verbosity ${text}: ${parsing("Int", "value out of range")}`;
}
