/**
 * mqtt.js 5 itself, with the least that honestly does the work: a post is published with QoS 0 and is done when the
 * reply with its id has come. No time limits, no second try, no check of what it is given.
 */
import { createHmac } from 'node:crypto';
import { connectAsync } from 'mqtt';
import { hostOf, PORT, type Triple, tripleOf } from '../place';
import type { Client } from './client';

export function open(): Client {
  return {
    async connect(network, number) {
      const triple = tripleOf(number);
      const mqtt = await connectAsync(`mqtt://${hostOf(network)}:${PORT}`, signIn(triple));
      const topic = `/sys/${triple.productKey}/${triple.deviceName}/thing/event/property/post`;
      const waiting = new Map<string, { resolve(reply: unknown): void; reject(error: Error): void }>();
      let lastId = 0;
      mqtt.on('message', (_topic, payload) => {
        const reply = JSON.parse(payload.toString());
        const waiter = waiting.get(reply.id);
        waiting.delete(reply.id);
        if (reply.code === 200) waiter?.resolve(reply);
        else waiter?.reject(new Error(reply.message));
      });
      await mqtt.subscribeAsync(`${topic}_reply`);
      return {
        post: (params) =>
          new Promise((resolve, reject) => {
            const id = String(++lastId);
            waiting.set(id, { resolve, reject });
            const method = 'thing.event.property.post';
            mqtt.publish(topic, JSON.stringify({ id, version: '1.0', params, method }));
          }),
      };
    },
  };
}

function signIn({ productKey, deviceName, deviceSecret }: Triple) {
  const clientId = `${productKey}.${deviceName}`;
  const content = `clientId${clientId}deviceName${deviceName}productKey${productKey}`;
  return {
    clientId: `${clientId}|securemode=3,signmethod=hmacsha256|`,
    username: `${deviceName}&${productKey}`,
    password: createHmac('sha256', deviceSecret).update(content).digest('hex'),
  };
}
