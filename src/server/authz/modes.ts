// The two constant authorizers and the union that asks several in order. Upstream: k8s.io/apiserver authorizerfactory, union.

import type { AccessDecision, AccessRules, Authorizer } from "../contract.ts";

const everything: AccessRules = {
  resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
  nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
  incomplete: false,
};
const nothing: AccessRules = { resourceRules: [], nonResourceRules: [], incomplete: false };

export const alwaysAllow: Authorizer = {
  authorize: async () => ({ decision: "allow", reason: "" }),
  rulesFor: async () => everything,
};

/** No opinion, as upstream's: an authorizer after it may still allow. */
export const alwaysDeny: Authorizer = {
  authorize: async () => ({ decision: "noOpinion", reason: "Everything is forbidden." }),
  rulesFor: async () => nothing,
};

/** `system:masters` may do everything, whatever the modes say. */
export const privilegedGroup = (group: string): Authorizer => ({
  authorize: async ({ user }) =>
    user.groups.includes(group) ? { decision: "allow", reason: "" } : { decision: "noOpinion", reason: "" },
  rulesFor: async () => ({ ...nothing }),
});

/** The first that allows or denies decides. Otherwise no opinion, with the reasons one per line and the errors together. */
export function firstDecision(authorizers: readonly Authorizer[]): Authorizer {
  if (authorizers.length === 1) return authorizers[0]!;
  return {
    async authorize(attributes): Promise<AccessDecision> {
      const reasons: string[] = [];
      const errors: string[] = [];
      for (const authorizer of authorizers) {
        const answer = await authorizer.authorize(attributes);
        if (answer.error) errors.push(answer.error);
        if (answer.reason) reasons.push(answer.reason);
        if (answer.decision !== "noOpinion") return answer;
      }
      return {
        decision: "noOpinion",
        reason: reasons.join("\n"),
        ...(errors.length > 0 ? { error: aggregate(errors) } : {}),
      };
    },
    async rulesFor(user, namespace) {
      const all = await Promise.all(authorizers.map((each) => each.rulesFor(user, namespace)));
      const errors = all.flatMap((each) => (each.evaluationError ? [each.evaluationError] : []));
      return {
        resourceRules: all.flatMap((each) => each.resourceRules),
        nonResourceRules: all.flatMap((each) => each.nonResourceRules),
        incomplete: all.some((each) => each.incomplete),
        ...(errors.length > 0 ? { evaluationError: aggregate(errors) } : {}),
      };
    },
  };
}

/** Upstream: utilerrors.NewAggregate: one text alone, several in brackets, each once. */
export function aggregate(errors: readonly string[]): string {
  const unique = [...new Set(errors)];
  return unique.length === 1 ? unique[0]! : `[${unique.join(", ")}]`;
}
