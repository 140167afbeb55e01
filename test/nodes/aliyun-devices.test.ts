/** One device for all config nodes of a triple: which of them speaks for it, and what is remembered of it. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { MialinkError } from '../../lib/errors';
import { readSetup } from '../../nodes/aliyun-device-settings';
import { AliyunDevices, type Owner } from '../../nodes/aliyun-devices';

const FIELDS = { productKey: 'a1b2c3d4e5f', deviceName: 'lamp-1', endpoint: '127.0.0.1:1' };
const PROBLEM = new MialinkError('noReply', { device: 'lamp-1' });

describe('the devices of all aliyun-device nodes', () => {
  const setup = readSetup(FIELDS, { deviceSecret: 'abc' });
  const heard: string[] = [];
  const owner = (name: string): Owner => ({
    logger: { debug: () => undefined, warn: () => undefined },
    isUsedBy: (id) => id === `node of ${name}`,
    onRefused: () => heard.push(`${name}: refused`),
  });
  const entry = { kind: 'event', method: 'm', operation: 'o', params: {}, acceptedAt: 0 } as const;

  it('have the first of their nodes speak for them, and the next one when that is closed', async () => {
    const devices = new AliyunDevices();
    const [first, second] = [owner('first'), owner('second')];
    const device = devices.take(setup, first, tmpdir());
    assert.equal(devices.take(setup, second, tmpdir()), device);
    device.emit('refused', entry, PROBLEM);
    await devices.release(device, first);
    device.emit('refused', entry, PROBLEM);
    assert.deepEqual(heard, ['first: refused', 'second: refused']);
    assert.equal(devices.find(device.identity)?.device, device);
    await devices.release(device, second);
    assert.equal(device.state, 'closed');
    assert.equal(devices.find(device.identity), undefined);
  });

  it('leave what was posted by a node of any of them to that node, and tell of all else', async () => {
    const devices = new AliyunDevices();
    const owners = [owner('first'), owner('second')];
    const [device] = owners.map((one) => devices.take(setup, one, tmpdir()));
    heard.length = 0;
    for (const source of ['node of first', 'node of second', 'another node']) {
      device?.emit('refused', { ...entry, source }, PROBLEM);
    }
    assert.deepEqual(heard, ['first: refused']);
    for (const one of owners) if (device) await devices.release(device, one);
  });

  it('are remembered with their last twenty changes', async () => {
    const devices = new AliyunDevices();
    const only = owner('only');
    const device = devices.take(setup, only, tmpdir());
    for (let times = 0; times < 25; times++) device.emit('state', 'disconnected', PROBLEM);
    device.emit('state', 'connected', undefined);
    const changes = devices.find(device.identity)?.changes ?? [];
    assert.equal(changes.length, 20);
    assert.deepEqual([changes[18]?.problem, changes[19]?.state], [PROBLEM, 'connected']);
    await devices.release(device, only);
  });
});
