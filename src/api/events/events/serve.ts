// How the API server serves Event.
import type { Event } from "../../../../facts/types/events.v1.ts";
import { defineRules } from "../../kind.ts";

export const eventV1Rules = defineRules<Event>({});
