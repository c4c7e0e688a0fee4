// How the API server serves Event.
import type { Event } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const eventRules = defineRules<Event>({});
