// YAML as upstream's tools print it: keys sorted, two spaces, lists at the indentation of their key.
import { dump } from "js-yaml";

export function toYaml(value: unknown): string {
  return dump(value, { sortKeys: true, seqNoIndent: true, lineWidth: -1 });
}
