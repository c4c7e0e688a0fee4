// Which resource a kind is, from discovery. What was found is remembered for half a minute, as upstream's mapper does.
import type { DynamicResource } from "../../client/index.ts";
import type { ControllerContext } from "../lib/index.ts";

export interface KindFinder {
  /** Throws upstream's words for a kind that is not served. */
  find(group: string, kind: string): Promise<DynamicResource>;
}

const rememberedMs = 30_000;

export function createKindFinder({ client, clock }: Pick<ControllerContext, "client" | "clock">): KindFinder {
  let known: Promise<readonly DynamicResource[]> | undefined;
  let untilMs = 0;
  const discovered = (): Promise<readonly DynamicResource[]> => {
    if (known === undefined || clock.monotonic() >= untilMs) {
      const asked = client.discover();
      known = asked;
      untilMs = clock.monotonic() + rememberedMs;
      asked.catch(() => {
        if (known === asked) known = undefined;
      });
    }
    return known;
  };
  return {
    async find(group, kind) {
      const found = (await discovered()).find((each) => each.group === group && each.kind === kind);
      if (found !== undefined) return found;
      throw new Error(`no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`);
    },
  };
}
