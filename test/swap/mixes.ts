// Which of a cluster's parts are ours and which are upstream's.

export type Part = "apiserver" | "controller-manager" | "scheduler" | "kubelet" | "proxy";
export type Owner = "ours" | "upstream";
export type Mix = Readonly<Record<Part, Owner>>;

export const partNames: readonly Part[] = ["apiserver", "controller-manager", "scheduler", "kubelet", "proxy"];

const all = (owner: Owner): Mix => ({
  apiserver: owner,
  "controller-manager": owner,
  scheduler: owner,
  kubelet: owner,
  proxy: owner,
});

const but = (owner: Owner, ...others: readonly Part[]): Mix => ({
  ...all(owner),
  ...Object.fromEntries(others.map((part) => [part, owner === "ours" ? "upstream" : "ours"])),
});

/** By name. The first is the measure: upstream alone, whose complaints in the log are usual ones. */
export const mixes: Readonly<Record<string, Mix>> = {
  upstream: all("upstream"),
  ours: all("ours"),
  "ours+controller-manager": but("ours", "controller-manager"),
  "ours+scheduler": but("ours", "scheduler"),
  "ours+kubelet": but("ours", "kubelet"),
  "ours+proxy": but("ours", "proxy"),
  "our-apiserver": but("upstream", "apiserver"),
  "our-controller-manager": but("upstream", "controller-manager"),
  "our-scheduler": but("upstream", "scheduler"),
  "our-kubelet": but("upstream", "kubelet"),
  "our-proxy": but("upstream", "proxy"),
  "their-apiserver": but("ours", "apiserver"),
};
