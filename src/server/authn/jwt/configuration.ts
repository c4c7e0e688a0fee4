// The file of --authentication-config: who issues tokens and what becomes of their claims. Upstream: apiserver.config.k8s.io
// AuthenticationConfiguration, v1, v1beta1 and v1alpha1, which have the same fields.
import { type ConfigurationKind, decodeConfiguration } from "../../config/decode.ts";

export interface AuthenticationConfiguration {
  readonly jwt: readonly JwtSettings[];
  readonly anonymous?: AnonymousSettings;
}

export interface AnonymousSettings {
  readonly enabled: boolean;
  /** Paths that strangers may ask for; all when there are none. */
  readonly conditions: readonly { readonly path: string }[];
}

/** Texts that are not given are empty; an absent prefix is none at all. */
export interface JwtSettings {
  readonly issuer: {
    readonly url: string;
    readonly discoveryURL: string;
    /** PEM. */
    readonly certificateAuthority: string;
    readonly audiences: readonly string[];
    readonly audienceMatchPolicy: string;
    readonly egressSelectorType: string;
  };
  readonly claimValidationRules: readonly ClaimRule[];
  readonly claimMappings: {
    readonly username: Mapping;
    readonly groups: Mapping;
    readonly uid: Mapping;
    readonly extra: readonly { readonly key: string; readonly valueExpression: string }[];
  };
  readonly userValidationRules: readonly { readonly expression: string; readonly message: string }[];
}

export interface ClaimRule {
  readonly claim: string;
  readonly requiredValue: string;
  readonly expression: string;
  readonly message: string;
}

export interface Mapping {
  readonly claim: string;
  readonly expression: string;
  readonly prefix?: string;
}

const file: ConfigurationKind = {
  kind: "AuthenticationConfiguration",
  apiVersions: ["v1", "v1beta1", "v1alpha1"].map((version) => `apiserver.config.k8s.io/${version}`),
  struct: "AuthenticationConfiguration",
  structs: {
    AuthenticationConfiguration: {
      kind: "string",
      apiVersion: "string",
      jwt: "[]JWTAuthenticator",
      anonymous: "*AnonymousAuthConfig",
    },
    AnonymousAuthConfig: { enabled: "boolean", conditions: "[]AnonymousAuthCondition" },
    AnonymousAuthCondition: { path: "string" },
    JWTAuthenticator: {
      issuer: "Issuer",
      claimValidationRules: "[]ClaimValidationRule",
      claimMappings: "ClaimMappings",
      userValidationRules: "[]UserValidationRule",
    },
    Issuer: {
      url: "string",
      discoveryURL: "*string",
      certificateAuthority: "string",
      audiences: "[]string",
      audienceMatchPolicy: "string",
      egressSelectorType: "string",
    },
    ClaimValidationRule: { claim: "string", requiredValue: "string", expression: "string", message: "string" },
    ClaimMappings: {
      username: "PrefixedClaimOrExpression",
      groups: "PrefixedClaimOrExpression",
      uid: "ClaimOrExpression",
      extra: "[]ExtraMapping",
    },
    PrefixedClaimOrExpression: { claim: "string", prefix: "*string", expression: "string" },
    ClaimOrExpression: { claim: "string", expression: "string" },
    ExtraMapping: { key: "string", valueExpression: "string" },
    UserValidationRule: { expression: "string", message: "string" },
  },
};

type Fields = Readonly<Record<string, unknown>>;

/** Decodes only: what the file says may still be invalid. Throws Error with upstream's text. */
export function decodeAuthenticationConfiguration(text: string): AuthenticationConfiguration {
  if (text === "") throw new Error("empty config data");
  const { jwt, anonymous } = decodeConfiguration(text, file) as { jwt?: readonly Fields[]; anonymous?: Fields };
  return {
    jwt: (jwt ?? []).map(jwtOf),
    ...(anonymous === undefined || anonymous === null ? {} : { anonymous: anonymousOf(anonymous) }),
  };
}

const textIn = (fields: Fields, name: string): string => (fields[name] as string | undefined) ?? "";
const partIn = (fields: Fields, name: string): Fields => (fields[name] as Fields | undefined) ?? {};
const listIn = (fields: Fields, name: string): readonly Fields[] =>
  ((fields[name] as readonly Fields[] | undefined) ?? []).map((each) => each ?? {});

const anonymousOf = (fields: Fields): AnonymousSettings => ({
  enabled: fields["enabled"] === true,
  conditions: listIn(fields, "conditions").map((each) => ({ path: textIn(each, "path") })),
});

function jwtOf(given: Fields | null): JwtSettings {
  const fields = given ?? {};
  const issuer = partIn(fields, "issuer");
  const mappings = partIn(fields, "claimMappings");
  return {
    issuer: {
      url: textIn(issuer, "url"),
      discoveryURL: textIn(issuer, "discoveryURL"),
      certificateAuthority: textIn(issuer, "certificateAuthority"),
      audiences: (issuer["audiences"] as readonly string[] | undefined) ?? [],
      audienceMatchPolicy: textIn(issuer, "audienceMatchPolicy"),
      egressSelectorType: textIn(issuer, "egressSelectorType"),
    },
    claimValidationRules: listIn(fields, "claimValidationRules").map((each) => ({
      claim: textIn(each, "claim"),
      requiredValue: textIn(each, "requiredValue"),
      expression: textIn(each, "expression"),
      message: textIn(each, "message"),
    })),
    claimMappings: {
      username: mappingOf(partIn(mappings, "username")),
      groups: mappingOf(partIn(mappings, "groups")),
      uid: mappingOf(partIn(mappings, "uid")),
      extra: listIn(mappings, "extra").map((each) => ({
        key: textIn(each, "key"),
        valueExpression: textIn(each, "valueExpression"),
      })),
    },
    userValidationRules: listIn(fields, "userValidationRules").map((each) => ({
      expression: textIn(each, "expression"),
      message: textIn(each, "message"),
    })),
  };
}

const mappingOf = (fields: Fields): Mapping => ({
  claim: textIn(fields, "claim"),
  expression: textIn(fields, "expression"),
  ...(typeof fields["prefix"] === "string" ? { prefix: fields["prefix"] } : {}),
});
