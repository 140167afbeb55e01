import assert from 'node:assert/strict';
import fc from 'fast-check';
import { authHost, endpointAt, endpointOf, placeOf, REGIONS } from '../../../lib/aliyun/endpoint';

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

  for (const host of ['10.0.0.1', 'h', 'a.b.', 'iot-1.x_y.example', '1st.example', '3com']) {
    it(`takes the host ${host}`, () => {
      assert.deepEqual(placeOf(`${host}:1883`), { host, port: 1883 });
    });
  }

  it('has one host for all who sign in by X.509, unless another is given', () => {
    assert.equal(
      endpointOf({ productKey, instanceId: 'iot-060a02ne', x509: true })?.url,
      'mqtts://x509.itls.cn-shanghai.aliyuncs.com:1883',
    );
    assert.equal(endpointOf({ productKey, endpoint: 'h:1', x509: true })?.url, 'mqtts://h:1');
  });

  it('has a host in each region that can be chosen, and in any other', () => {
    assert.equal(REGIONS[0], 'cn-shanghai');
    assert.ok(REGIONS.includes('ap-southeast-1') && REGIONS.includes('us-east-1'));
    for (const region of [...REGIONS, 'xx-new-1']) {
      assert.equal(
        endpointOf({ productKey, region })?.host,
        `${productKey}.iot-as-mqtt.${region}.aliyuncs.com`,
      );
      assert.equal(authHost(region), `iot-auth.${region}.aliyuncs.com`);
    }
  });

  it('is made of a host and a port, or the usual one', () => {
    assert.equal(endpointAt('::1', 8883, 'tls').url, 'mqtts://[::1]:8883');
    assert.equal(endpointAt('h', undefined, 'wss').url, 'wss://h:443/mqtt');
  });

  it('reads any text as a host that a URL can hold, or not at all', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\w.[\]:-]{1,20}$/)), (text) => {
        const place = placeOf(text);
        if (!place) return;
        assert.ok(/^[\w.:-]+$/.test(place.host));
        assert.ok(place.port === undefined || (place.port >= 1 && place.port <= 65_535));
      }),
    );
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
    '1883',
    '1883:1883',
    '999.1.1.1',
    '1.2.3',
    'host.1',
    'a..b',
    '.a',
    '...',
    '[1.2.3.4]',
    '[::1::]:1883',
  ]) {
    it(`does not take ${JSON.stringify(endpoint)} for host:port`, () => {
      assert.equal(endpointOf({ productKey, endpoint }), undefined);
    });
  }
});
