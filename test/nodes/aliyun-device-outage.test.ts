/** Why a device is not connected is said in the log, also for a flow that only listens. */
import assert from 'node:assert/strict';
import type { DeviceState } from '../../lib/aliyun';
import { MialinkError, type Reason } from '../../lib/errors';
import { Outage } from '../../nodes/aliyun-device-outage';
import { sinks, useCloud } from '../support/aliyun';
import { node, statusText } from '../support/flow';

describe('the outage of a device', () => {
  /** What is told of these states. */
  function told(...changes: [DeviceState, Reason?][]): string[] {
    const reasons: string[] = [];
    const outage = new Outage(({ reason }) => reasons.push(reason));
    for (const [state, reason] of changes)
      outage.follow(state, reason && new MialinkError(reason, { device: 'Lamp' }));
    return reasons;
  }

  it('is told once for each reason', () => {
    const reasons = told(
      ['connecting'],
      ['disconnected', 'hostUnknown'],
      ['connecting', 'hostUnknown'],
      ['disconnected', 'hostUnknown'],
      ['disconnected', 'connectionFailed'],
      ['disconnected', 'hostUnknown'],
      ['refused', 'signInRefused'],
      ['connecting', 'signInRefused'],
      ['refused', 'signInRefused'],
    );
    assert.deepEqual(reasons, ['hostUnknown', 'connectionFailed', 'signInRefused']);
  });

  it('is told again when the device has been connected meanwhile', () => {
    const failed = ['disconnected', 'connectionFailed'] as [DeviceState, Reason];
    assert.deepEqual(told(failed, ['connected'], failed), ['connectionFailed', 'connectionFailed']);
  });

  it('is not told of a connection that is lost and comes back with the first try', () => {
    const lost = ['disconnected', 'connectionLost'] as [DeviceState, Reason];
    assert.deepEqual(told(lost, ['connecting', 'connectionLost'], ['connected'], lost), []);
    assert.deepEqual(told(lost, ['disconnected', 'connectionFailed']), ['connectionFailed']);
  });

  it('is told once when the cloud has disabled or deleted the device', () => {
    for (const [state, reason] of [
      ['disabled', 'deviceDisabled'],
      ['deleted', 'deviceDeleted'],
    ] as const) {
      assert.deepEqual(told([state, reason], [state, reason], [state, reason]), [reason]);
    }
  });

  it('is not told of what was told already or is wanted', () => {
    assert.deepEqual(told(['idle'], ['disconnected', 'sessionTaken'], ['closed']), []);
  });
});

describe('an aliyun-device whose flow only listens', () => {
  const bench = useCloud();
  const LISTENER = { id: 'listener', type: 'aliyun-service', device: 'lamp', wires: [['out']] };

  /** What the config node has warned of. */
  function warnings(): string[] {
    const spy = node('lamp').warn as unknown as { args: [string][]; thisValues: { id: string }[] };
    return spy.args.filter((_, index) => spy.thisValues[index]?.id === 'lamp').map(([text]) => text);
  }

  it('says at once that its sign-in is refused, and what to check', async () => {
    await bench.load([LISTENER, ...sinks('listener')], '11112222333344445555666677778888');
    await statusText('listener', 'aliyun-service.status.refused');
    const [said = '', ...more] = warnings();
    assert.match(said, /refused the sign-in of lamp-1 .*check ProductKey, DeviceName and DeviceSecret/);
    assert.deepEqual(more, []);
  });

  it('says that it does not trust the server', async () => {
    await bench.load([LISTENER, ...sinks('listener')], undefined, bench.lampNode({ ca: '' }));
    await statusText('listener', 'aliyun-service.status.disconnected');
    assert.match(warnings().join(), /^the certificate of 127\.0\.0\.1 was not accepted .* field CA/);
  });

  it('says nothing while all is well, nor of a connection that comes back', async () => {
    await bench.load([LISTENER, ...sinks('listener')]);
    await statusText('listener', 'aliyun-service.status.connected');
    const lost = statusText('listener', 'aliyun-service.status.disconnected');
    bench.lamp.cut();
    await lost;
    await statusText('listener', 'aliyun-service.status.connected');
    assert.deepEqual(warnings(), []);
  });
});
