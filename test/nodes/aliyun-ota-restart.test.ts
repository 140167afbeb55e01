/** What the node shows and puts out while a firmware is flashed, and when it is started anew meanwhile. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord } from '../../nodes/runtime';
import { LAMP, lights, sinks, useCloud } from '../support/aliyun';
import { helper, nextMessage, statusText } from '../support/flow';
import { content, errorFor, operate, useOtaFlow } from './aliyun-ota-flow';

describe('aliyun-ota', () => {
  const bench = useCloud();
  const flow = useOtaFlow(bench);
  const { start, ownDirectory } = flow;

  /** Resolves when the flow has got the firmware. */
  async function takeFirmware(): Promise<void> {
    await start();
    const out = nextMessage('out');
    bench.lamp.pushFirmware({ version: '2.0.0', content });
    await out;
  }

  it('shows how far the flow is, and that the version is missing, until it is told', async () => {
    await takeFirmware();
    for (const [operation, payload, light] of [
      ['progress', { step: 10, desc: 'flashing' }, 'blue dot aliyun-ota.status.flashing'],
      ['progress', { step: 100, desc: 'flashed' }, 'yellow ring aliyun-ota.status.version-missing'],
      ['version', '1.9.0', 'yellow ring aliyun-ota.status.version-missing'],
      ['version', '2.0.0', 'green dot aliyun-ota.status.connected'],
    ] as const) {
      await operate(operation, payload);
      assert.equal(lights('ota').at(-1), light);
    }
    assert.equal(bench.lamp.upgrade?.state, 'succeeded');
    assert.equal(flow.firmware.length, 1);
  });

  it('puts a firmware out once more when it is started anew before that is flashed, and says so', async () => {
    await takeFirmware();
    assert.equal(Object.hasOwn(flow.firmware[0]?.aliyun as object, 'repeated'), false);
    await operate('progress', { step: 10, desc: 'flashing' });
    const requests = bench.cloud.firmware.requests.length;
    await helper.unload();
    await start();
    await statusText('ota', 'aliyun-ota.status.verified');
    while (flow.firmware.length === 0) await new Promise(setImmediate);
    const [again] = flow.firmware;
    assert.equal(again?.payload, join(ownDirectory(), 'default-2.0.0.bin'));
    assert.deepEqual(Object.entries(again?.aliyun ?? {}).at(-1), ['repeated', true]);
    assert.equal(bench.cloud.firmware.requests.length, requests);
    assert.deepEqual(flow.failures, []);
  });

  it('puts it out once more as well when only the version is missing: its message may have been lost', async () => {
    await takeFirmware();
    await operate('progress', { step: 100, desc: 'flashed' });
    await helper.unload();
    await start();
    const [{ aliyun } = await nextMessage('out')] = flow.firmware;
    assert.ok(isRecord(aliyun));
    assert.equal(aliyun.repeated, true);
    await operate('version', { version: '2.0.0' });
    assert.equal(bench.lamp.upgrade?.state, 'succeeded');
    assert.equal(flow.failures.length, 0);
  });

  it('keeps its state for its owner only', async () => {
    await takeFirmware();
    assert.equal((await stat(join(ownDirectory(), 'default.state'))).mode & 0o777, 0o600);
  });

  it('takes what the platform has signed, where its key is given', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await start({ publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() });
    const url = bench.cloud.firmware.serve('f.bin', content);
    const digest = 'b'.repeat(64);
    const digestsign = sign('sha256', Buffer.from(digest), privateKey).toString('base64');
    const data = {
      version: '2.0.0',
      url,
      size: content.length,
      signMethod: 'SHA256',
      sign: digest,
      digestsign,
    };
    const failed = nextMessage('errors');
    bench.lamp.publish(
      `/ota/device/upgrade/${LAMP.productKey}/${LAMP.deviceName}`,
      JSON.stringify({ code: '1000', id: 1, data }),
    );
    // The signature is right, the file is another.
    assert.match(String(((await failed).error as Error).message), /does not match its notice/);
  });

  it('is refused beside another for the same module, and not beside one for another', async () => {
    const ota = (id: string, module: string) => ({
      id,
      type: 'aliyun-ota',
      device: 'lamp',
      module,
      version: '1',
    });
    await bench.load([ota('mcu', 'MCU'), ota('ota', 'MCU'), ota('radio', 'radio'), ...sinks('ota')]);
    const { code, message } = await errorFor('version', '1');
    assert.equal(code, 'CONFIG');
    assert.match(message, /lamp-1 .*another node looks after the firmware of module MCU/);
    await statusText('mcu', 'aliyun-ota.status.connected');
    await statusText('radio', 'aliyun-ota.status.connected');
    assert.equal(lights('ota').at(-1), 'red ring aliyun-ota.status.module-taken');
  });
});
