/** Posts kept until the cloud is back. */
export type { OutboxEntry } from './entry';
export { FileStore } from './file-store';
export { countLeft, HeirStore } from './left';
export { MemoryStore } from './memory-store';
export { Outbox, type OutboxEvents, type OutboxOptions } from './outbox';
export type { OutboxStore } from './store';
