// Names of resources in an EncryptionConfiguration: what may be named, and together. Upstream: apiserver's
// apis/apiserver/validation/validation_encryption.go, server/options/encryptionconfig/config.go.

const splitResource = (text: string): [resource: string, group: string] => {
  const dot = text.indexOf(".");
  return dot < 0 ? [text, ""] : [text.slice(0, dot), text.slice(dot + 1)];
};

/** In upstream's words and order. */
export function resourceProblems(resources: readonly string[], at: string): string[] {
  const shown = `[${resources.map((each) => JSON.stringify(each)).join(",")}]`;
  const problems: string[] = [];
  const pairs = resources.map(splitResource);
  const others = (index: number) => pairs.filter((_, place) => place !== index);
  if (pairs.some(([r, g], index) => others(index).some(([r2, g2]) => r === r2 && g === g2)))
    problems.push(`${at}: Invalid value: ${shown}: the same resource cannot be specified multiple times`);
  const overlaps = ([r, g]: [string, string], [r2, g2]: [string, string]): boolean =>
    !(r === r2 && g === g2) && ((r === "*" && g === "*") || (g === g2 && (r === "*" || r2 === "*")));
  if (pairs.some((pair, index) => others(index).some((other) => overlaps(pair, other))))
    problems.push(
      `${at}: Invalid value: ${shown}: using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked`,
    );
  resources.forEach((resource, index) => {
    const why = nameProblem(resource);
    if (why !== undefined) problems.push(`${at}[${index}]: Invalid value: ${JSON.stringify(resource)}: ${why}`);
  });
  return problems;
}

function nameProblem(text: string): string | undefined {
  const [resource, group] = splitResource(text);
  if (text.toLowerCase() !== text) return "resource name should not contain capital letters";
  if (text === "*") return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources";
  if (["apiserveripinfo", "serviceipallocations", "servicenodeportallocations"].includes(text))
    return "resources which do not have REST API/s cannot be encrypted";
  if (group === "events.k8s.io")
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file";
  if (group === "extensions") return "'extensions' group has been removed and cannot be used for encryption";
  if (group === "*" && resource !== "*") return "encrypting the same resource across groups is not supported";
  return undefined;
}

export interface Masks {
  /** Throws Error in upstream's words when an earlier list takes what this one names. */
  refuse(resources: readonly string[]): void;
}

export function masks(): Masks {
  const seen = new Set<string>();
  return {
    refuse(resources) {
      for (const resource of resources) {
        const [, group] = splitResource(resource);
        const earlier = [`*.${group}`, "*.*"].find((rule) => seen.has(rule));
        if (earlier !== undefined)
          throw new Error(
            `error while building transformers: resource ${JSON.stringify(resource)} is masked by earlier rule ${JSON.stringify(earlier)}`,
          );
        seen.add(resource);
      }
    },
  };
}
