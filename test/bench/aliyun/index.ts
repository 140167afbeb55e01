/** The device side of the Alibaba Cloud IoT Platform: the vendor's SDKs, beside mqtt.js alone. */
import type { Suite } from '../case';
import { memory } from './cases/memory';
import { outbox } from './cases/outbox';
import { posts } from './cases/posts';
import { start } from './cases/start';
import { CLIENT_NAMES } from './clients/client';

export const suite: Suite = {
  name: 'aliyun',
  base: 'raw',
  clients: CLIENT_NAMES,
  // In the order of the table.
  cases: [...posts, ...memory, ...start, ...outbox],
};
