// /statusz and /flagz: what this process is and how it was started, as text for people and as config.k8s.io objects.
// Upstream: apiserver's server/statusz and server/flagz, KEP-4827 and KEP-4828.
import type { Clock } from "../../base/index.ts";
import { type ApiResponse, encodeCbor, encodeJson, formatTime, toYaml } from "../../machinery/index.ts";
import { cborGate, cborType } from "../content/cbor.ts";
import { notAcceptable, parseAccept } from "../content/negotiate.ts";
import type { RequestContext } from "../context.ts";
import { versionInfo } from "../version.ts";
import { type DocumentRoute, textResponse } from "./documents.ts";

const warning =
  "Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.";
const versions = ["v1alpha1", "v1beta1"];
const binaryVersion = `${versionInfo.major}.${versionInfo.minor}`;
const shownPaths = ["/flagz", "/healthz", "/livez", "/metrics", "/readyz", "/statusz", "/version"];

export function statuszRoute(clock: Clock): DocumentRoute {
  const startedMs = clock.now();
  return {
    path: "/statusz",
    methods: ["GET"],
    handler: (context) => {
      const seconds = Math.floor((clock.now() - startedMs) / 1000);
      const value = {
        startTime: formatTime(startedMs),
        uptimeSeconds: seconds,
        goVersion: versionInfo.goVersion,
        binaryVersion,
        emulationVersion: `${versionInfo.emulationMajor}.${versionInfo.emulationMinor}`,
        paths: shownPaths,
      };
      const two = (number: number): string => String(number).padStart(2, "0");
      const lines = [
        `Started: ${new Date(startedMs).toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+) (\S+) GMT$/, "$1 $3 $2 $5 UTC $4")}`,
        `Up: ${Math.floor(seconds / 3600)} hr ${two(Math.floor(seconds / 60) % 60)} min ${two(seconds % 60)} sec`,
        `Go version: ${value.goVersion}`,
        `Binary version: ${value.binaryVersion}`,
        `Emulation version: ${value.emulationVersion}`,
        `Paths: ${shownPaths.join(" ")}`,
      ];
      return page(context, {
        kind: "Statusz",
        text: `\napiserver statusz\n${warning}\n\n${lines.join("\n")}\n`,
        value,
      });
    },
  };
}

/** `flags`: every flag of the process with its value as text. */
export function flagzRoute(flags: Readonly<Record<string, string>>): DocumentRoute {
  const sorted = Object.entries(flags).sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = sorted.map(([name, value]) => `${name}: ${value}`);
  const text = `\napiserver flagz\n${warning}\n${lines.join("\n")}\n`;
  return {
    path: "/flagz",
    methods: ["GET"],
    handler: (context) => page(context, { kind: "Flagz", text, value: { flags: Object.fromEntries(sorted) } }),
  };
}

const encoders: Readonly<Record<string, (object: object) => Uint8Array>> = {
  "application/json": encodeJson,
  "application/yaml": (object) => new TextEncoder().encode(toYaml(object)),
  "application/cbor": (object) => encodeCbor(object),
};

function page(
  context: RequestContext,
  { kind, text, value }: { readonly kind: string; readonly text: string; readonly value: object },
): ApiResponse {
  const accept = context.request.headers["accept"] ?? "";
  const cbor = context.core.featureEnabled(cborGate);
  for (const { type, parameters } of parseAccept(accept === "" ? "text/plain" : accept)) {
    const { g, v, as } = parameters;
    if ((type === "text/plain" || type === "*/*") && as === undefined) return textResponse(200, text);
    if (type !== "application/json" && type !== "application/yaml" && !(cbor && type === cborType)) continue;
    if (g !== "config.k8s.io" || as !== kind || !versions.includes(v ?? "")) continue;
    const object = { kind, apiVersion: `config.k8s.io/${v}`, metadata: { name: "apiserver" }, ...value };
    const bytes = encoders[type]!(object);
    return { status: 200, headers: { "content-type": `${type};g=${g};v=${v};as=${as}` }, bytes: [bytes] };
  }
  const types = ["application/json", "application/yaml", "text/plain"];
  throw notAcceptable(cbor ? [...types, cborType] : types);
}
