// Prefers nodes that have the pod's images already: the more bytes the better, from 23 MB up to 1,000 MB a container, weighed
// by how many nodes have the image, so that one node with a popular image does not draw all pods.
import { maxNodeScore, type Plugin } from "../../framework.ts";
import type { Handle } from "../../handle.ts";

const megabyte = 1024 * 1024;
const least = 23 * megabyte;
const mostPerContainer = 1000 * megabyte;

/** `nginx` is `nginx:latest`; a colon before the last slash is a registry's port. */
const withTag = (image: string): string =>
  image.lastIndexOf(":") <= image.lastIndexOf("/") ? `${image}:latest` : image;

export const imageLocality = ({ snapshot }: Handle): Plugin => ({
  name: "ImageLocality",
  score: (info, nodes, out) => {
    const spec = info.pod.spec!;
    const containers = [...(spec.initContainers ?? []), ...spec.containers];
    const images = containers.map((container) => container.image ?? "");
    for (const volume of spec.volumes ?? []) if (volume.image !== undefined) images.push(volume.image.reference ?? "");
    const total = snapshot.nodes().length;
    const present: { readonly nodes: ReadonlySet<string>; readonly score: number }[] = [];
    for (const image of images) {
      const state = snapshot.images.get(withTag(image));
      if (state !== undefined)
        present.push({ nodes: state.nodes, score: Math.trunc(state.sizeBytes * (state.nodes.size / total)) });
    }
    if (present.length === 0) return false;
    const most = mostPerContainer * containers.length;
    for (let index = 0; index < nodes.length; index++) {
      let sum = 0;
      for (const image of present) if (image.nodes.has(nodes[index]!.name)) sum += image.score;
      const bytes = Math.min(Math.max(sum, least), most);
      out[index] = Math.trunc((maxNodeScore * (bytes - least)) / (most - least));
    }
    return true;
  },
});
