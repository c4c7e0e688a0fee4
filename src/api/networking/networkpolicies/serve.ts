// How the API server serves NetworkPolicy. Upstream: pkg/apis/networking/validation, pkg/registry/networking/networkpolicy.
import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from "../../../../facts/types/networking.v1.ts";
import { field, portName, portNumber } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { type Cidr, cidrWarnings, legacyCidr, parseCidr } from "../../lib/formats/ip.ts";
import { labelSelector } from "../../lib/selector-rules.ts";
import {
  type Check,
  child,
  each,
  type Findings,
  findings,
  item,
  oneOf,
  optional,
  worthChecking,
} from "../../lib/validate.ts";

type Spec = NetworkPolicy["spec"];

const protocol = optional(oneOf("TCP", "UDP", "SCTP"));

const port: Check<NetworkPolicyPort> = (value, at, found) => {
  protocol(value.protocol, child(at, "protocol"), found);
  const { port: first, endPort: last } = value;
  const [path, lastPath] = [child(at, "port"), child(at, "endPort")];
  if (typeof first === "number") {
    for (const text of portNumber(first)) found.push(field.invalid(path, first, text));
    if (last === undefined) return;
    // The port is what upstream prints.
    if (last < first) found.push(field.invalid(lastPath, first, "must be greater than or equal to `port`"));
    for (const text of portNumber(last)) found.push(field.invalid(lastPath, last, text));
  } else if (first !== undefined) {
    if (last !== undefined)
      found.push(field.invalid(lastPath, last, "may not be specified when `port` is non-numeric"));
    for (const text of portName(first)) found.push(field.invalid(path, first, text));
  } else if (last !== undefined)
    found.push(field.invalid(lastPath, last, "may not be specified when `port` is not specified"));
};

const isStrictSubset = (inner: Cidr, outer: Cidr): boolean => {
  if (inner.address.family !== outer.address.family || outer.prefixLength >= inner.prefixLength) return false;
  return outer.network.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, outer.prefixLength - index * 8));
    const mask = (0xff << (8 - bits)) & 0xff;
    return ((inner.network[index] ?? 0) & mask) === byte;
  });
};

/** What the old policy had already is not judged again. */
type Kept = ReadonlySet<string>;

const block =
  (kept: Kept): Check<IPBlock> =>
  (value, at, found) => {
    if (!value.cidr) {
      found.push(field.required(child(at, "cidr")));
      return;
    }
    if (!kept.has(value.cidr)) legacyCidr(value.cidr, child(at, "cidr"), found);
    const outer = parseCidr(value.cidr);
    if (outer === undefined) return;
    for (const [index, text] of worthChecking(value.except ?? [], found)) {
      const path = item(child(at, "except"), index);
      if (!kept.has(text)) legacyCidr(text, path, found);
      const inner = parseCidr(text);
      if (inner !== undefined && !isStrictSubset(inner, outer))
        found.push(field.invalid(path, text, "must be a strict subset of `cidr`"));
    }
  };

const peer =
  (kept: Kept): Check<NetworkPolicyPeer> =>
  (value, at, found) => {
    const { podSelector, namespaceSelector, ipBlock } = value;
    if (podSelector) labelSelector(podSelector, child(at, "podSelector"), found);
    if (namespaceSelector) labelSelector(namespaceSelector, child(at, "namespaceSelector"), found);
    if (ipBlock) block(kept)(ipBlock, child(at, "ipBlock"), found);
    const count = [podSelector, namespaceSelector, ipBlock].filter((each) => each).length;
    if (count === 0) found.push(field.required(at, "must specify a peer"));
    else if (count > 1 && ipBlock) found.push(field.forbidden(at, "may not specify both ipBlock and another peer"));
  };

const policyTypes: Check<readonly string[] | undefined> = (types = [], at, found) => {
  if (types.length > 2) found.push(field.invalid(at, types, "may not specify more than two policyTypes"));
  else each(oneOf("Ingress", "Egress"))(types, at, found);
};

const spec =
  (kept: Kept): Check<Spec | undefined> =>
  (value, at, found) => {
    labelSelector(value?.podSelector, child(at, "podSelector"), found);
    for (const [index, rule] of worthChecking(value?.ingress ?? [], found)) {
      const path = item(child(at, "ingress"), index);
      each(port)(rule.ports, child(path, "ports"), found);
      each(peer(kept))(rule.from, child(path, "from"), found);
    }
    for (const [index, rule] of worthChecking(value?.egress ?? [], found)) {
      const path = item(child(at, "egress"), index);
      each(port)(rule.ports, child(path, "ports"), found);
      each(peer(kept))(rule.to, child(path, "to"), found);
    }
    policyTypes(value?.policyTypes, child(at, "policyTypes"), found);
  };

/** Every block with its path. */
const blocksOf = (own: Spec | undefined): { block: IPBlock; path: string }[] => {
  const of = (peers: readonly NetworkPolicyPeer[] | undefined, at: string) =>
    (peers ?? []).flatMap(({ ipBlock }, index) =>
      ipBlock ? [{ block: ipBlock, path: `${at}[${index}].ipBlock` }] : [],
    );
  return [
    ...(own?.ingress ?? []).flatMap(({ from }, index) => of(from, `spec.ingress[${index}].from`)),
    ...(own?.egress ?? []).flatMap(({ to }, index) => of(to, `spec.egress[${index}].to`)),
  ];
};

const cidrsOf = (own: Spec | undefined): Kept =>
  new Set(blocksOf(own).flatMap(({ block: { cidr, except } }) => [cidr, ...(except ?? [])]));

function defaultSpec(own: { -readonly [K in keyof Spec]: Spec[K] }): void {
  for (const rule of [...(own.ingress ?? []), ...(own.egress ?? [])])
    for (const each of rule.ports ?? []) each.protocol ??= "TCP";
  own.podSelector ??= {};
  if (own.policyTypes?.length) return;
  own.policyTypes = own.egress?.length ? ["Ingress", "Egress"] : ["Ingress"];
}

export const networkPolicyRules = defineRules<NetworkPolicy>({
  default: (policy) => defaultSpec((policy.spec ??= {})),
  generation: "exact",
  validate: ({ spec: own }) => findings(own, spec(new Set()), "spec"),
  validateOnUpdate: false,
  validateUpdate: ({ spec: own }, old): Findings => findings(own, spec(cidrsOf(old.spec)), "spec"),
  warnings: ({ spec: own }) =>
    blocksOf(own).flatMap(({ block: { cidr, except }, path }) => [
      ...cidrWarnings(`${path}.cidr`, cidr),
      ...(except ?? []).flatMap((text, index) => cidrWarnings(`${path}.except[${index}]`, text)),
    ]),
});
