import assert from 'node:assert/strict';
import { endpointOf } from '../../../lib/aliyun/endpoint';

describe('Aliyun endpoint', () => {
  const productKey = 'a1b2c3d4e5f';

  it('computes the host of the old public instance from ProductKey and region', () => {
    assert.deepEqual(endpointOf({ productKey }), {
      url: 'mqtts://a1b2c3d4e5f.iot-as-mqtt.cn-shanghai.aliyuncs.com:1883',
      host: 'a1b2c3d4e5f.iot-as-mqtt.cn-shanghai.aliyuncs.com',
      port: 1883,
      transport: 'tls',
    });
    const singapore = endpointOf({ productKey, region: 'ap-southeast-1' });
    assert.equal(singapore?.host, 'a1b2c3d4e5f.iot-as-mqtt.ap-southeast-1.aliyuncs.com');
  });

  it('computes the host of another instance from its id alone', () => {
    const endpoint = endpointOf({ productKey, region: 'us-west-1', instanceId: 'iot-060a02ne' });
    assert.equal(endpoint?.host, 'iot-060a02ne.mqtt.iothub.aliyuncs.com');
  });

  it('takes a given endpoint before all', () => {
    const endpoint = endpointOf({ productKey, instanceId: 'iot-060a02ne', endpoint: 'broker.local:8883' });
    assert.equal(endpoint?.url, 'mqtts://broker.local:8883');
    assert.deepEqual([endpoint?.host, endpoint?.port], ['broker.local', 8883]);
  });

  for (const [transport, url] of [
    ['tls', 'mqtts://h:1883'],
    ['tcp', 'mqtt://h:1883'],
    ['wss', 'wss://h:443/mqtt'],
    ['ws', 'ws://h:443/mqtt'],
  ] as const) {
    it(`knows the usual port of ${transport}`, () => {
      assert.equal(endpointOf({ productKey, endpoint: 'h', transport })?.url, url);
    });
  }

  it('takes an IPv6 address in brackets', () => {
    const endpoint = endpointOf({ productKey, endpoint: '[::1]:1883' });
    assert.deepEqual([endpoint?.host, endpoint?.port], ['::1', 1883]);
  });

  for (const endpoint of [
    'a:b',
    'mqtts://host',
    'host:0',
    'host:65536',
    '::1',
    'a b',
    'host/path',
    'u@host',
    ':1883',
  ]) {
    it(`does not take ${JSON.stringify(endpoint)} for host:port`, () => {
      assert.equal(endpointOf({ productKey, endpoint }), undefined);
    });
  }
});
