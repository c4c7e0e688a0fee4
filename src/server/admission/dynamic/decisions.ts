// Authorization checks in expressions. Expressions are evaluated in one go and authorizers may take their time: what an
// evaluation asked for and did not get is asked of the authorizer, and the evaluation runs again with the answers.
// Upstream: plugin/authorizer/caching_authorizer.go, apiserver/pkg/cel/library/authz.go.
import type { AuthorizationAnswer, AuthorizationQuestion } from "../../../machinery/cel/admission/index.ts";
import type { UserInfo } from "../../../machinery/index.ts";
import { selectorAttributes } from "../../authz/selector-attributes.ts";
import type { AccessAttributes, Authorizer } from "../../contract.ts";
import { type AuthorizerValue, loadCel } from "./cel.ts";

/** `run` is called until all its questions are answered; only the result of the last time counts. */
export async function withDecisions<T>(
  { user }: { readonly user: UserInfo },
  authorizer: Authorizer,
  run: (value: AuthorizerValue) => T,
): Promise<T> {
  const { createRequestAuthorizer } = await loadCel();
  const { username, groups, uid, extra } = user;
  const asked = createRequestAuthorizer(
    {
      name: username,
      groups,
      ...(uid === undefined ? {} : { uid }),
      ...(extra === undefined ? {} : { extra }),
    },
    (question) => ask(authorizer, question),
  );
  return asked.settle(() => run(asked.value));
}

async function ask(authorizer: Authorizer, question: AuthorizationQuestion): Promise<AuthorizationAnswer> {
  const { decision, reason, error } = await authorizer.authorize(attributesOf(question));
  return { allowed: decision === "allow", reason, ...(error === undefined ? {} : { error }) };
}

function attributesOf(question: AuthorizationQuestion): AccessAttributes {
  const { name: username, groups = [], uid, extra } = question.user;
  const user = {
    username,
    groups,
    ...(uid === undefined ? {} : { uid }),
    ...(extra === undefined ? {} : { extra }),
  };
  if ("path" in question)
    return {
      user,
      verb: question.verb,
      resourceRequest: false,
      group: "",
      version: "",
      resource: "",
      subresource: "",
      namespace: "",
      name: "",
      path: question.path,
    };
  const { verb, group, resource, subresource, namespace, name, fieldSelector, labelSelector } = question;
  return {
    user,
    verb,
    resourceRequest: true,
    group,
    version: "*",
    resource,
    subresource,
    namespace,
    name,
    path: "",
    ...selectorAttributes(new URLSearchParams({ fieldSelector, labelSelector })),
  };
}
