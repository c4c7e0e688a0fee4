// Which plugins an event concerns, worked out once for each kind of event.
import { type ClusterEvent, type EventRegistration, eventMatches, type Plugin } from "../framework.ts";

export interface Interest {
  readonly plugin: string;
  readonly registrations: readonly EventRegistration[];
}

export class Interests {
  readonly #plugins: readonly Plugin[];
  readonly #byEvent = new Map<string, readonly Interest[]>();

  constructor(plugins: readonly Plugin[]) {
    this.#plugins = plugins;
  }

  of(event: ClusterEvent): readonly Interest[] {
    const key = `${event.resource}/${event.action}`;
    let interests = this.#byEvent.get(key);
    if (interests === undefined) {
      interests = this.#plugins.flatMap((plugin) => {
        const registrations = (plugin.events ?? []).filter((each) => eventMatches(each, event));
        return registrations.length === 0 ? [] : [{ plugin: plugin.name, registrations }];
      });
      this.#byEvent.set(key, interests);
    }
    return interests;
  }

  concerns(plugin: string, event: ClusterEvent): boolean {
    return this.of(event).some((interest) => interest.plugin === plugin);
  }
}
