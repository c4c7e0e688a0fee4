// The images that scenarios name, made on the spot: busybox, and what of agnhost they use as a script for it.
import process from "node:process";
import { buildImageArchive, type ImageDefinition } from "../../src/cluster/image.ts";
import { busyboxFiles } from "../../src/cluster/images.ts";

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** Ends as agnhost's pause does: status 2 on SIGTERM. `netexec` serves any path on its port. */
const agnhost = `#!/bin/sh
case "$1" in
pause)
  trap 'echo "exiting because of signal \\"terminated\\"" >/dev/termination-log; exit 2' TERM
  echo Paused
  while :; do sleep 3600 & wait $!; done ;;
netexec)
  port=8080
  for word; do case "$word" in --http-port=*) port="\${word#*=}" ;; esac; done
  mkdir -p /tmp/www && echo ok >/tmp/www/index.html && cp /tmp/www/index.html /tmp/www/healthz
  exec httpd -f -p "$port" -h /tmp/www ;;
*) echo "agnhost: $1 is not part of this image" >&2; exit 1 ;;
esac
`;

/** Archives that `ctr images import` loads, by the names that scenarios use. */
export async function imageArchives(): Promise<readonly Uint8Array[]> {
  const files = busyboxFiles({
    directories: ["var/run"],
    passwd: "root:x:0:0:root:/root:/bin/sh\nnonroot:x:1234:1234::/home:/bin/false\n",
    group: "root:x:0:\nnonroot:x:1234:\n",
  });
  const { arch } = process;
  const script = { path: "agnhost", content: text(agnhost), mode: 0o755 };
  const images: readonly ImageDefinition[] = [
    { name: "registry.k8s.io/e2e-test-images/busybox:1.37.0-1", arch, files, command: ["sh"] },
    {
      name: "registry.k8s.io/e2e-test-images/agnhost:2.63.0",
      arch,
      files: [...files, script],
      entrypoint: ["/agnhost"],
    },
    {
      name: "registry.k8s.io/e2e-test-images/nonroot:1.5",
      arch,
      files,
      entrypoint: ["/bin/id"],
      user: "1234",
    },
  ];
  return Promise.all(images.map(buildImageArchive));
}
