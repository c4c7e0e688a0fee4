/** Text that is no YAML, or a value that YAML cannot hold; the message has go-yaml's form (`yaml: line 3: …`). */
export class YamlError extends Error {
  override readonly name = "YamlError";
}
