// Descriptions of core/v1.
import type { Descriptions } from "../../lib/descriptions/contract.ts";
import { cluster } from "./cluster.ts";
import { config } from "./config.ts";
import { containers } from "./container.ts";
import { containerStatuses } from "./container-status.ts";
import { nodes } from "./node.ts";
import { persistentVolumes } from "./persistent-volume.ts";
import { podStatuses, pods } from "./pod.ts";
import { scheduling } from "./scheduling.ts";
import { security } from "./security.ts";
import { services } from "./service.ts";
import { storageSystems } from "./storage-systems.ts";
import { volumes } from "./volume.ts";

export const coreV1: readonly Descriptions[] = [
  pods,
  podStatuses,
  containers,
  containerStatuses,
  scheduling,
  security,
  volumes,
  storageSystems,
  persistentVolumes,
  services,
  nodes,
  config,
  cluster,
];
