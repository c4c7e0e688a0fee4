// The images that upstream's conformance tests of 1.36 name (`e2e.test --list-images`), with the configuration that
// upstream's Dockerfiles give them. Two tags of one image hold the same programs.
import {
  agnhostFilesLayer,
  agnhostLayer,
  busyboxLayer,
  debianLayer,
  etcdLayer,
  type LayerInputs,
  nginxLayer,
  nonewprivsLayer,
  pauseLayer,
  petLayer,
  sampleApiserverLayer,
} from "./layers.ts";
import type { ImageRecipe, Layer } from "./oci.ts";

interface ImageSource extends Omit<ImageRecipe, "reference" | "layers"> {
  readonly references: readonly string[];
  readonly layers: readonly ((inputs: LayerInputs) => Promise<Layer>)[];
}

const e2e = (name: string): string => `registry.k8s.io/e2e-test-images/${name}`;

const agnhost = {
  layers: [debianLayer, agnhostFilesLayer, agnhostLayer],
  entrypoint: ["/agnhost"],
  command: ["pause"],
  exposedPorts: [80, 8080, 8081, 9376, 5000],
} as const;

const sources: readonly ImageSource[] = [
  { ...agnhost, references: [e2e("agnhost:2.55"), e2e("agnhost:2.63.0")] },
  ...["kitten", "nautilus"].map((pet) => ({
    ...agnhost,
    references: [e2e(`${pet}:1.8`)],
    layers: [...agnhost.layers, (inputs: LayerInputs) => petLayer(inputs, pet)],
    command: ["test-webserver"],
  })),
  {
    references: [e2e("busybox:1.36.1-1"), e2e("busybox:1.37.0-1")],
    layers: [busyboxLayer],
    command: ["sh"],
  },
  {
    references: [e2e("nginx:1.15-4"), e2e("nginx:1.27-0")],
    layers: [debianLayer, nginxLayer],
    command: ["nginx", "-g", "daemon off;"],
    exposedPorts: [80],
  },
  { references: [e2e("nonroot:1.5")], layers: [busyboxLayer], command: ["sh"], user: "1234" },
  { references: [e2e("nonewprivs:1.4")], layers: [debianLayer, nonewprivsLayer], command: ["nnp"] },
  { references: [e2e("ipc-utils:1.4")], layers: [debianLayer], command: ["/bin/sh"] },
  { references: [e2e("perl:5.26")], layers: [debianLayer], command: ["perl", "-de0"] },
  { references: [e2e("glibc-dns-testing:2.0.0")], layers: [debianLayer], command: ["bash"] },
  {
    references: [e2e("sample-apiserver:1.29.2")],
    layers: [busyboxLayer, sampleApiserverLayer],
    entrypoint: ["/sample-apiserver"],
  },
  {
    references: ["registry.k8s.io/etcd:3.6.8-0", "registry.k8s.io/etcd:3.6.10-0"],
    layers: [debianLayer, etcdLayer],
    exposedPorts: [2379, 2380, 4001, 7001],
  },
  {
    references: [
      "registry.k8s.io/build-image/distroless-iptables:v0.9.1",
      "registry.k8s.io/build-image/distroless-iptables:v0.9.6",
    ],
    layers: [debianLayer],
  },
  { references: ["registry.k8s.io/pause:3.10.2"], layers: [pauseLayer], entrypoint: ["/pause"], user: "65535:65535" },
];

/**
 * Images of the list that are not made, each with its reason. Tests that need them are not conformance tests, or mean that
 * the image cannot be had.
 */
export const leftOut: Readonly<Record<string, string>> = {
  "gcr.io/k8s-authenticated-test/agnhost": "the tests want a pull without credentials to fail",
  "invalid.registry.k8s.io/invalid/alpine": "the tests want its pull to fail",
  [e2e("apparmor-loader")]: "AppArmor tests are no conformance tests",
  [e2e("node-perf/npb-ep")]: "node performance tests are no conformance tests",
  [e2e("node-perf/npb-is")]: "node performance tests are no conformance tests",
  [e2e("node-perf/pytorch-wide-deep")]: "node performance tests are no conformance tests",
  [e2e("regression-issue-74839")]: "its conntrack test is no conformance test",
  [e2e("resource-consumer")]: "autoscaling tests are no conformance tests",
  [e2e("volume/nfs")]: "tests of in-tree volume drivers are no conformance tests",
  [e2e("volume/iscsi")]: "tests of in-tree volume drivers are no conformance tests",
  "registry.k8s.io/sig-storage/": "tests of CSI drivers and NFS are no conformance tests",
  "registry.k8s.io/cloud-provider-gcp/": "tests of CSI drivers of a cloud are no conformance tests",
  "gcr.io/": "tests of CSI drivers of a cloud are no conformance tests",
};

/** Names (with tags) that are made. */
export const madeReferences: readonly string[] = sources.flatMap((source) => source.references);

/** Makes each layer once, one after the other: they share a mirror and two processors. */
export async function makeImages(inputs: LayerInputs, log: (line: string) => void): Promise<ImageRecipe[]> {
  const images: ImageRecipe[] = [];
  for (const { references, layers: makers, ...config } of sources) {
    log(`image ${references.join(", ")}`);
    const layers: Layer[] = [];
    for (const make of makers) layers.push(await make(inputs));
    images.push(...references.map((reference) => ({ ...config, reference, layers })));
  }
  return images;
}
