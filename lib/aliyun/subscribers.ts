/** Who takes what arrives on which topics: filters with MQTT's wildcards, each with any number of handlers. */
import type { MessageHandler } from './channel';
import { matchesFilter } from './topics';

export class Subscribers {
  private readonly handlers = new Map<string, Set<MessageHandler>>();

  get filters(): string[] {
    return [...this.handlers.keys()];
  }

  /** True if nobody has taken this filter before. */
  add(filter: string, handler: MessageHandler): boolean {
    const handlers = this.handlers.get(filter) ?? new Set();
    this.handlers.set(filter, handlers.add(handler));
    return handlers.size === 1;
  }

  /** True if nobody takes this filter any more. */
  remove(filter: string, handler: MessageHandler): boolean {
    const handlers = this.handlers.get(filter);
    if (!handlers?.delete(handler) || handlers.size > 0) return false;
    return this.handlers.delete(filter);
  }

  /** A handler that stands behind two matching filters is there once. */
  of(topic: string): MessageHandler[] {
    if (this.handlers.size === 0) return [];
    const found = new Set<MessageHandler>();
    for (const [filter, handlers] of this.handlers) {
      if (matchesFilter(filter, topic)) for (const handler of handlers) found.add(handler);
    }
    return [...found];
  }
}
