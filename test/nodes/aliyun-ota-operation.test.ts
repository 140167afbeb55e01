/** What a message makes the node do, and what it does not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import sinon from 'sinon';
import { OtaClient } from '../../lib/aliyun/ota';
import { MialinkError } from '../../lib/errors';
import { LAMP, lights, sinks, useCloud } from '../support/aliyun';
import { helper, nextError, nextMessage, node, statusText } from '../support/flow';
import { content, errorFor, operate, useOtaFlow } from './aliyun-ota-flow';

describe('aliyun-ota', () => {
  const bench = useCloud();
  const flow = useOtaFlow(bench);
  const { start, steps, ownDirectory, files, untilReported, untilPart } = flow;

  describe('with manual download', () => {
    it('waits for the operation download', async () => {
      await start({ download: 'manual' });
      bench.lamp.pushFirmware({ version: '2.0.0', content });
      await statusText('ota', 'aliyun-ota.status.waiting');
      assert.deepEqual(bench.cloud.firmware.requests, []);
      const out = nextMessage('out');
      await operate('download');
      assert.equal((await out).payload, join(ownDirectory(), 'default-2.0.0.bin'));
    });

    it('still shows that it waits when the connection has come back', async () => {
      await start({ download: 'manual' });
      bench.lamp.pushFirmware({ version: '2.0.0', content });
      await statusText('ota', 'aliyun-ota.status.waiting');
      const again = once(bench.lamp, 'version');
      bench.lamp.cut();
      await again;
      assert.equal(lights('ota').at(-1), 'yellow ring aliyun-ota.status.waiting');
    });

    for (const [what, operation, payload] of [
      ['a failure that the flow reports', 'progress', { step: -4, desc: 'flashing failed' }],
      ['its version, informed by the flow', 'version', '2.0.0'],
      ['its version, as miio-ota puts it out', 'version', { file: 'f', version: '2.0.0', state: 'idle' }],
    ] as const) {
      it(`shows the connection again after ${what}`, async () => {
        await start({ download: 'manual' });
        bench.lamp.pushFirmware({ version: '2.0.0', content });
        await statusText('ota', 'aliyun-ota.status.waiting');
        await operate(operation, payload);
        assert.equal(lights('ota').at(-1), 'green dot aliyun-ota.status.connected');
      });
    }

    it('gives it up by the operation cancel', async () => {
      await start({ download: 'manual' });
      bench.lamp.pushFirmware({ version: '2.0.0', content });
      await statusText('ota', 'aliyun-ota.status.waiting');
      const caught = nextError('errors');
      await operate('cancel');
      await untilReported('-1');
      assert.equal((await caught).code, 'CANCELLED');
      assert.deepEqual([steps(), flow.failures.length], [[-1], 1]);
      assert.equal(lights('ota').at(-1), 'grey ring aliyun-ota.status.cancelled');
    });

    it('says when nothing is there to be downloaded or cancelled', async () => {
      await start({ download: 'manual' });
      for (const operation of ['download', 'cancel']) {
        const { code, message } = await errorFor(operation);
        assert.equal(code, 'CONFIG');
        assert.match(message, new RegExp(`lamp-1 .*no firmware is waiting for ${operation}`));
      }
    });
  });

  describe('by message', () => {
    it('informs a version at once, sends nothing, and remembers it across restarts', async () => {
      await start();
      const informed = once(bench.lamp, 'version');
      await operate('version', '1.5.0');
      await informed;
      assert.deepEqual(bench.lamp.versions, { default: '1.5.0' });
      assert.deepEqual([flow.firmware, flow.progress], [[], []]);

      await helper.unload();
      await start();
      assert.deepEqual(bench.lamp.versions, { default: '1.5.0' });
      assert.equal(bench.lamp.connects, 2);
    });

    it('asks for a firmware', async () => {
      await start();
      const asked = once(bench.lamp, 'raw');
      await operate('request');
      const [topic, body] = await asked;
      assert.equal(topic, `/sys/${LAMP.productKey}/${LAMP.deviceName}/thing/ota/firmware/get`);
      assert.deepEqual(JSON.parse(String(body)).params, {});
      assert.deepEqual(flow.failures, []);
    });

    it('reports a progress of its own, with or without a description', async () => {
      await start();
      await operate('progress', { step: 40, desc: 'flashing' });
      await operate('progress', '-4');
      await untilReported('-4');
      assert.deepEqual(bench.lamp.progress, [
        { module: 'default', step: '40', desc: 'flashing' },
        { module: 'default', step: '-4', desc: '' },
      ]);
    });

    it('takes no progress of another firmware than the one it is about', async () => {
      await start({ download: 'manual' });
      bench.lamp.pushFirmware({ version: '2.0.0', content });
      await statusText('ota', 'aliyun-ota.status.waiting');
      for (const version of ['1.9.0', '2.0.0']) {
        const completed = nextMessage('completed');
        const payload = { step: -4, desc: `flash of ${version} failed` };
        node('ota').receive({ operation: 'progress', payload, aliyun: { version } } as never);
        await completed;
      }
      await untilReported('-4');
      assert.deepEqual(bench.lamp.progress, [
        { module: 'default', step: '-4', desc: 'flash of 2.0.0 failed' },
      ]);
    });

    it('puts the code of the cloud into msg.aliyun when it refuses a request, or an upgrade fails by that', async () => {
      await start();
      const refusal = new MialinkError(
        'cloudRefused',
        { device: 'lamp-1', method: 'any', code: 429, message: 'too many' },
        { peer: { code: 429, message: 'too many' } },
      );
      const request = sinon.stub(OtaClient.prototype, 'requestFirmware').rejects(refusal);
      const { code, at } = await errorFor('request');
      assert.equal(code, 'DEVICE');
      assert.deepEqual(at.aliyun, { code: 429, message: 'too many' });
      request.callsFake(async function (this: OtaClient) {
        this.emit('failed', refusal);
      });
      const failed = await errorFor('request');
      assert.deepEqual(failed.at.aliyun, { module: 'default', code: 429, message: 'too many' });
    });

    it('fails with CONFIG for what is wrong, and says what is right', async () => {
      await start({ version: '' });
      for (const [operation, payload, text] of [
        ['upgrade', 1, /msg\.operation upgrade is unknown.*version, request, progress, download, cancel/],
        [undefined, 1, /msg\.operation is missing; use one of version, request/],
        ['constructor', 1, /msg\.operation constructor is unknown/],
        ['version', ' ', /version is missing.*msg\.payload/],
        ['version', { state: 'idle' }, /version is missing.*msg\.payload/],
        ['request', undefined, /version is missing/],
        ['progress', { step: 101 }, /step must be a number from -4 to 100, not 101/],
        ['progress', { step: 'half' }, /step must be a number from -4 to 100/],
        ['progress', {}, /step must be a number from -4 to 100/],
      ] as const) {
        const { code, message } = await errorFor(operation, payload);
        assert.equal(code, 'CONFIG');
        assert.match(message, /lamp-1/);
        assert.match(message, text);
      }
      assert.deepEqual(bench.lamp.versions, {});
    });

    it('cancels a download under way, and leaves no file', async () => {
      bench.cloud.firmware.bytesPerSecond = 100_000;
      await start();
      bench.lamp.pushFirmware({ version: '2.0.0', content });
      await untilPart();
      await operate('cancel');
      await untilReported('-1');
      assert.deepEqual(await files(), []);
      assert.deepEqual([steps(), flow.firmware.length, flow.failures.length], [[1, -1], 0, 1]);
    });
  });

  for (const [what, fields, secret, text] of [
    [
      'a limit that is no number',
      { maxSize: 'much' },
      undefined,
      /maxSize must be a whole number above 0, not much/,
    ],
    ['a limit of nothing', { maxSize: 0 }, undefined, /maxSize must be a whole number above 0, not 0/],
    [
      'no version to keep',
      { keepVersions: '0' },
      undefined,
      /keepVersions must be a whole number above 0, not 0/,
    ],
    ['a key that is none', { publicKey: 'key' }, undefined, /publicKey must be an RSA or EC public key/],
    ['a device without secret', {}, '', /lamp-1 .*deviceSecret is missing/],
  ] as const) {
    it(`fails with CONFIG at each message, and shows it, with ${what}`, async () => {
      const ota = { id: 'ota', type: 'aliyun-ota', device: 'lamp', ...fields };
      await bench.load([ota, ...sinks('ota')], secret);
      for (let time = 0; time < 2; time++) {
        const { code, message } = await errorFor('version', '1.0.0');
        assert.equal(code, 'CONFIG');
        assert.match(message, text);
      }
      assert.deepEqual(lights('ota'), ['red ring aliyun-ota.status.misconfigured']);
    });
  }
});
