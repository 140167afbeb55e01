import assert from 'node:assert/strict';
import { GLOBALSIGN_ROOT_R1 } from '../../../lib/aliyun/roots';
import { type AliyunSettings, checkSettings } from '../../../lib/aliyun/settings';
import { MialinkError } from '../../../lib/errors';

const triple = { productKey: 'a1b2c3d4e5f', deviceName: 'lamp', deviceSecret: 'very-secret' };

function problemOf(settings: AliyunSettings): MialinkError {
  try {
    checkSettings(settings);
  } catch (error) {
    if (error instanceof MialinkError) return error;
    throw error;
  }
  throw new Error('the settings were accepted');
}

describe('Aliyun settings', () => {
  it('need only the triple', () => {
    const { label, endpoint, ca, keepalive, cleanSession, signMethod, timeoutMs } = checkSettings(triple);
    assert.equal(label, 'lamp (a1b2c3d4e5f)');
    assert.equal(endpoint.host, 'a1b2c3d4e5f.iot-as-mqtt.cn-shanghai.aliyuncs.com');
    assert.deepEqual(
      { ca, keepalive, cleanSession, signMethod, timeoutMs },
      { ca: [], keepalive: 300, cleanSession: true, signMethod: 'hmacsha256', timeoutMs: 5000 },
    );
  });

  it('forgive blanks around what was pasted', () => {
    const checked = checkSettings({ ...triple, deviceSecret: ' very-secret\n', region: ' ', endpoint: '' });
    assert.equal(checked.triple.deviceSecret, 'very-secret');
    assert.match(checked.endpoint.host, /cn-shanghai/);
  });

  for (const field of ['productKey', 'deviceName', 'deviceSecret'] as const) {
    it(`name ${field} when it is missing`, () => {
      const problem = problemOf({ ...triple, [field]: ' ' });
      assert.deepEqual(
        [problem.code, problem.reason, problem.values.field],
        ['CONFIG', 'tripleMissing', field],
      );
    });
  }

  const wrong: Record<string, Partial<AliyunSettings>> = {
    productKey: { productKey: 'a/b' },
    deviceName: { deviceName: 'lamp/+' },
    'deviceName of 3 characters': { deviceName: 'abc' },
    region: { region: 'cn shanghai' },
    instanceId: { instanceId: 'iot.x/y' },
    endpoint: { endpoint: 'https://x' },
    keepalive: { keepalive: 29 },
    timeoutMs: { timeoutMs: Number.NaN },
  };
  for (const [what, values] of Object.entries(wrong)) {
    it(`name a malformed ${what}`, () => {
      const [field = ''] = Object.keys(values);
      const problem = problemOf({ ...triple, ...values });
      assert.deepEqual([problem.code, problem.values.field], ['CONFIG', field]);
      assert.match(problem.message, new RegExp(`${field} must be `));
    });
  }

  it('never show the secret, not even a malformed one', () => {
    const deviceSecret = 'x'.repeat(65);
    const problem = problemOf({ ...triple, deviceSecret });
    assert.equal(problem.values.field, 'deviceSecret');
    assert.ok(!`${problem.message}${JSON.stringify(problem.values)}`.includes('xxx'));
  });

  it('take several certificates in one text', () => {
    const text = `first\n${GLOBALSIGN_ROOT_R1}\nsecond\n${GLOBALSIGN_ROOT_R1}\n`;
    assert.deepEqual(checkSettings({ ...triple, ca: text }).ca, [GLOBALSIGN_ROOT_R1, GLOBALSIGN_ROOT_R1]);
  });

  for (const ca of ['not a certificate', GLOBALSIGN_ROOT_R1.replace('MIID', 'AAAA')]) {
    it(`refuse a CA such as ${ca.slice(0, 27)}…`, () => {
      assert.equal(problemOf({ ...triple, ca }).reason, 'caUnreadable');
    });
  }
});
