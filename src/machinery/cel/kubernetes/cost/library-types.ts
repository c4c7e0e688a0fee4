/** The types that Kubernetes' libraries bring, for what depends on whether a value is of one of them. */
import type { CelType } from "../../types.ts";
import {
  AUTHORIZER_TYPE,
  DECISION_TYPE,
  GROUP_CHECK_TYPE,
  PATH_CHECK_TYPE,
  RESOURCE_CHECK_TYPE,
} from "../libraries/authorizer.ts";
import { FORMAT_TYPE } from "../libraries/format.ts";
import { CIDR_TYPE, IP_TYPE } from "../libraries/ip.ts";
import { QUANTITY_TYPE } from "../libraries/quantity.ts";
import { SEMVER_TYPE } from "../libraries/semver.ts";
import { URL_TYPE } from "../libraries/urls.ts";

const names: ReadonlySet<string> = new Set(
  [
    ...[AUTHORIZER_TYPE, DECISION_TYPE, GROUP_CHECK_TYPE, PATH_CHECK_TYPE, RESOURCE_CHECK_TYPE],
    ...[FORMAT_TYPE, CIDR_TYPE, IP_TYPE, QUANTITY_TYPE, SEMVER_TYPE, URL_TYPE],
  ].map((type) => type.name),
);

export const isKubernetesType = (type: CelType): boolean => names.has(type.name);
