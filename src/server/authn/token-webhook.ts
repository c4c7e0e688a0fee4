// Asks a service who a token stands for. Upstream: apiserver/plugin/pkg/authenticator/token/webhook.
import { errorText, type Logger } from "../../base/index.ts";
import { isObject, toJson, type UserInfo } from "../../machinery/index.ts";
import { readAnswer } from "../remote/hook-answers.ts";
import type { RemoteWebhook } from "../remote/webhook.ts";
import { InvalidCredentials, type TokenCheck } from "./credentials.ts";

export interface TokenWebhookOptions {
  readonly service: RemoteWebhook;
  readonly version: "v1" | "v1beta1";
  /** Of this server: what tokens are good for of which the service does not say. */
  readonly apiAudiences: readonly string[];
  readonly log: Logger;
}

type Fields = Readonly<Record<string, unknown>>;

const encoder = new TextEncoder();

export function tokenWebhook({ service, version, apiAudiences, log }: TokenWebhookOptions): TokenCheck {
  const expected = { group: "authentication.k8s.io", version, kind: "TokenReview" };
  return async (token, audiences) => {
    let status: Fields;
    try {
      const answer = readAnswer(await service.call(reviewOf(token, audiences, version)), expected);
      status = isObject(answer["status"]) ? answer["status"] : {};
    } catch (error) {
      log.error("Failed to make webhook authenticator request", { error });
      throw new InvalidCredentials(errorText(error));
    }
    const said = textsIn(status["audiences"]);
    const held = said.length > 0 ? said : apiAudiences;
    const shared = audiences.filter((each) => held.includes(each));
    if (audiences.length > 0 && shared.length === 0) return undefined;
    if (status["authenticated"] !== true) {
      const why = textIn(status, "error");
      if (why !== "") throw new InvalidCredentials(why);
      return undefined;
    }
    const user = userOf(isObject(status["user"]) ? status["user"] : {});
    return audiences.length > 0 ? { user, audiences: shared } : { user };
  };
}

const textIn = (fields: Fields, name: string): string => {
  const value = fields[name];
  return typeof value === "string" ? value : "";
};
const textsIn = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];

function userOf(fields: Fields): UserInfo {
  const uid = textIn(fields, "uid");
  const { extra } = fields;
  return {
    username: textIn(fields, "username"),
    ...(uid === "" ? {} : { uid }),
    groups: textsIn(fields["groups"]),
    ...(isObject(extra)
      ? { extra: Object.fromEntries(Object.entries(extra).map(([name, value]) => [name, textsIn(value)])) }
      : {}),
  };
}

const reviewOf = (token: string, audiences: readonly string[], version: string): Uint8Array =>
  encoder.encode(
    `${toJson({
      kind: "TokenReview",
      apiVersion: `authentication.k8s.io/${version}`,
      metadata: {},
      spec: { token, ...(audiences.length > 0 ? { audiences } : {}) },
      status: { user: {} },
    })}\n`,
  );
