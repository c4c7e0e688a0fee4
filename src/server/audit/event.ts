// One event as it is written: audit.k8s.io/v1 Event, members in upstream's order. What has no value is undefined and not written.

export interface AuditEvent {
  readonly kind: "Event";
  readonly apiVersion: "audit.k8s.io/v1";
  readonly level: string;
  readonly auditID: string;
  readonly stage: string;
  readonly requestURI: string;
  readonly verb: string;
  readonly user: AuditUser;
  readonly impersonatedUser: AuditUser | undefined;
  readonly authenticationMetadata: { readonly impersonationConstraint: string } | undefined;
  readonly sourceIPs: readonly string[] | undefined;
  readonly userAgent: string | undefined;
  readonly objectRef: { readonly namespace: string | undefined } | undefined;
  readonly responseStatus: { readonly code: number } | undefined;
  readonly requestObject: unknown;
  readonly responseObject: unknown;
  /** RFC 3339 with microseconds. */
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

export interface AuditUser {
  readonly username?: string;
  readonly groups?: readonly string[];
}
