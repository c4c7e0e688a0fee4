// All hostile requests, in the order in which they are sent: some use objects of earlier ones.
import type { Hostile } from "./bodies.ts";
import { doors } from "./hostile-doors.ts";
import { objects } from "./hostile-objects.ts";
import { ownership, patches, questions } from "./hostile-patches.ts";
import { rules } from "./hostile-rules.ts";
import { depths, widths } from "./hostile-shapes.ts";
import { texts, yaml } from "./hostile-texts.ts";
import { wire } from "./hostile-wire.ts";

export type { Hostile } from "./bodies.ts";

export const hostile: readonly Hostile[] = [
  ...depths,
  ...widths,
  ...texts,
  ...yaml,
  ...patches,
  ...ownership,
  ...questions,
  ...rules,
  ...wire,
  ...objects,
  ...doors,
];
