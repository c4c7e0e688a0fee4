export { versionInfo } from "../machinery/index.ts";
