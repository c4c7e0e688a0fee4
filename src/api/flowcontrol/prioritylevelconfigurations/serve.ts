// How the API server serves PriorityLevelConfiguration. Upstream: pkg/apis/flowcontrol/validation.
import type {
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  QueuingConfiguration,
} from "../../../../facts/types/flowcontrol.v1.ts";
import { deepEqual, field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { flowConditions } from "../../lib/flow-rules.ts";
import { keepMetadata } from "../../lib/metadata.ts";
import { type Check, child, findings, optional, rangeText } from "../../lib/validate.ts";

type Spec = PriorityLevelConfiguration["spec"];

const mostQueues = 10_000_000;
/** Bits of the hash that deals queues to flows. */
const hashBits = 60;

const percentage: Check<number> = (value, at, found) => {
  if (value < 0 || value > 100) found.push(field.invalid(at, value, rangeText(0, 100)));
};

const queuing: Check<QueuingConfiguration> = (value, at, found) => {
  const { queueLengthLimit = 0, queues = 0, handSize = 0 } = value;
  if (queueLengthLimit <= 0)
    found.push(field.invalid(child(at, "queueLengthLimit"), queueLengthLimit, "must be positive"));
  if (queues <= 0) found.push(field.invalid(child(at, "queues"), queues, "must be positive"));
  else if (queues > mostQueues)
    found.push(field.invalid(child(at, "queues"), queues, `must not be greater than ${mostQueues}`));
  const hand = child(at, "handSize");
  if (handSize <= 0) found.push(field.invalid(hand, handSize, "must be positive"));
  else if (handSize > queues)
    found.push(field.invalid(hand, handSize, `should not be greater than queues (${queues})`));
  else if (Math.ceil(Math.log2(queues) * handSize) > hashBits)
    found.push(
      field.invalid(
        hand,
        handSize,
        `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${hashBits}`,
      ),
    );
};

const response: Check<LimitResponse | undefined> = (value, at, found) => {
  const path = child(at, "queuing");
  switch (value?.type) {
    case "Reject":
      if (value.queuing) found.push(field.forbidden(path, "must be nil if limited.limitResponse.type is not Limited"));
      break;
    case "Queue":
      if (value.queuing) queuing(value.queuing, path, found);
      else found.push(field.required(path, "must not be empty if limited.limitResponse.type is Limited"));
      break;
    default:
      found.push(
        value?.type
          ? field.notSupported(child(at, "type"), value.type, ["Queue", "Reject"])
          : field.required(child(at, "type")),
      );
  }
};

const shares: Check<number> = (value, at, found) => {
  if (value < 0) found.push(field.invalid(at, value, "must be a non-negative integer"));
};

const limited: Check<LimitedPriorityLevelConfiguration> = (value, at, found) => {
  shares(value.nominalConcurrencyShares ?? 0, child(at, "nominalConcurrencyShares"), found);
  response(value.limitResponse, child(at, "limitResponse"), found);
  optional(percentage)(value.lendablePercent, child(at, "lendablePercent"), found);
  const borrowing = value.borrowingLimitPercent;
  if (borrowing !== undefined && borrowing < 0)
    found.push(
      field.invalid(child(at, "borrowingLimitPercent"), borrowing, "if specified, must be a non-negative integer"),
    );
};

const spec =
  (name: string): Check<Spec> =>
  (value, at, found) => {
    if ((name === "exempt") !== (value.type === "Exempt"))
      found.push(
        field.invalid(child(at, "type"), value.type ?? "", "must be 'Exempt' if and only if `name` is 'exempt'"),
      );
    switch (value.type) {
      case "Exempt":
        if (value.limited) found.push(field.forbidden(child(at, "limited"), "must be nil if the type is not Limited"));
        optional(shares)(value.exempt?.nominalConcurrencyShares, child(at, "exempt.nominalConcurrencyShares"), found);
        optional(percentage)(value.exempt?.lendablePercent, child(at, "exempt.lendablePercent"), found);
        break;
      case "Limited":
        if (value.exempt) found.push(field.forbidden(child(at, "exempt"), "must be nil if the type is Limited"));
        if (value.limited) limited(value.limited, child(at, "limited"), found);
        else found.push(field.required(child(at, "limited"), "must not be empty when type is Limited"));
        break;
      default:
        found.push(
          value.type
            ? field.notSupported(child(at, "type"), value.type, ["Exempt", "Limited"])
            : field.required(child(at, "type")),
        );
    }
  };

const catchAll: Spec = {
  type: "Limited",
  limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: "Reject" } },
};

/** Levels that the server can not do without. */
const mandatory: Check<PriorityLevelConfiguration> = ({ metadata, spec: own }, _at, found) => {
  const { exempt: _, ...rest } = own;
  if (metadata.name === "exempt" && !deepEqual(rest, { type: "Exempt" }))
    found.push(
      field.invalid("spec", own, "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value"),
    );
  if (metadata.name === "catch-all" && !deepEqual(own, catchAll))
    found.push(field.invalid("spec", own, "spec of 'catch-all' must equal the fixed value"));
};

const roundTrip = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares";

export const priorityLevelConfigurationRules = defineRules<PriorityLevelConfiguration>({
  resetFields: { status: ["metadata", "spec"] },
  default: (level) => {
    const own = (level.spec ??= {} as Spec);
    if (own.exempt) {
      own.exempt.nominalConcurrencyShares ??= 0;
      own.exempt.lendablePercent ??= 0;
    }
    if (own.limited) {
      own.limited.nominalConcurrencyShares ??= 30;
      own.limited.lendablePercent ??= 0;
    }
    const queues = own.limited?.limitResponse?.queuing;
    if (queues) {
      queues.handSize ||= 8;
      queues.queues ||= 64;
      queues.queueLengthLimit ||= 50;
    }
  },
  generation: true,
  metadataOnUpdate: "create",
  validate: (level) => [
    ...(level.metadata.annotations?.[roundTrip] === undefined
      ? []
      : [field.forbidden("metadata.annotations", `annotation '${roundTrip}' is forbidden`)]),
    ...findings(level.spec, spec(level.metadata.name), "spec"),
    ...findings(level, mandatory),
    ...findings(level.status?.conditions, flowConditions, "status.conditions"),
  ],
  status: {
    prepareUpdate: keepMetadata,
    validateUpdate: ({ status }) => findings(status?.conditions, flowConditions, "status.conditions"),
  },
});
