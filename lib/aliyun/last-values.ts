/** The values that a device has posted last, for the cloud that asks `thing.service.property.get`. */
import { isTimed } from './timed';

/** A device has no more properties; what is beyond is not remembered. */
const LIMIT = 1_000;

export class LastValues {
  private readonly values = new Map<string, unknown>();

  /** `{identifier: value}` or `{identifier: {value, time}}`. */
  remember(params: Record<string, unknown>): void {
    for (const identifier of Object.keys(params)) {
      if (this.values.size >= LIMIT && !this.values.has(identifier)) return;
      const given = params[identifier];
      this.values.set(identifier, isTimed(given) ? given.value : given);
    }
  }

  /** The params of the request are an array of identifiers; what was never posted is left out. */
  of(identifiers: unknown): Record<string, unknown> {
    const asked = Array.isArray(identifiers) ? identifiers : [];
    const known = asked.filter((identifier) => this.values.has(identifier));
    return Object.fromEntries(known.map((identifier) => [identifier, this.values.get(identifier)]));
  }
}
