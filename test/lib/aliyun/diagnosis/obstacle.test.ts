/** What is said of a failure on the way to the host. */
import assert from 'node:assert/strict';
import { obstacle } from '../../../../lib/aliyun/diagnosis/obstacle';
import { connectionProblem } from '../../../../lib/aliyun/failure';
import { MialinkError } from '../../../../lib/errors';

const HOST = 'pk.iot-as-mqtt.cn-shanghai.aliyuncs.com';
const ENDPOINT = { url: `mqtts://${HOST}:1883`, host: HOST, port: 1883, transport: 'tls' } as const;
const NOW = new Date('2001-02-03T04:05:06Z');

/** The text for an error of Node's with this code. */
function textFor(code: string): string {
  const error = Object.assign(new Error(`it said ${code}`), { code });
  const problem = connectionProblem(error, { device: 'lamp', host: HOST, wasConnected: false });
  return obstacle(problem, ENDPOINT, NOW).message;
}

describe('an obstacle between a device and its host', () => {
  for (const [what, code, text] of [
    ['a closed port', 'ECONNREFUSED', /nobody at pk.* listens on port 1883.*check endpoint and transport/],
    ['a filtered port', 'ETIMEDOUT', /port 1883 of pk.* does not answer lamp.*firewall.*wss/],
    ['a network that is down', 'ENETUNREACH', /lamp could not connect.*ENETUNREACH.*on the internet/],
    ['a silent name server', 'EAI_AGAIN', /lamp could not connect.*name server/],
    ['a port for something else', 'EPROTO', /broke off.*port 1883 probably expects something else than tls/],
    ['a host that nobody knows', 'ENOTFOUND', /there is no host pk.*check region, instance id and endpoint/],
    ['a certificate that is over', 'CERT_HAS_EXPIRED', /clock of this machine says 2001-02-03T04:05:06.000Z/],
    ['a certificate to come', 'CERT_NOT_YET_VALID', /clock of this machine says 2001-02-03T04:05:06.000Z/],
    [
      'a foreign root',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      /was not accepted for lamp.*enter in the field CA/,
    ],
    [
      'the certificate of another host',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      /certificate of another host.*endpoint/,
    ],
    ['anything else', 'EWHATEVER', /^lamp could not connect to pk.*: it said EWHATEVER$/],
  ] as const) {
    it(`is said to be ${what}`, () => assert.match(textFor(code), text));
  }

  it('keeps what the cloud itself has said', () => {
    const said = new MialinkError('connectionFailed', {
      device: 'lamp',
      host: HOST,
      context: 'version',
      returnCode: 1,
    });
    assert.equal(obstacle(said, ENDPOINT, NOW), said);
  });
});
