// The parameter includeObject of requests for tables.
import { badRequest, quoteGo } from "../../machinery/index.ts";
import type { IncludeObject } from "./table.ts";

/** What rows of a Table carry. Throws StatusError 400 with upstream's text. */
export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const include = query.get("includeObject") ?? "";
  if (include === "" || include === "Metadata") return "Metadata";
  if (include === "None" || include === "Object") return include;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${quoteGo(include)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}
