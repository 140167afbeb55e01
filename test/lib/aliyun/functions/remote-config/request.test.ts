/** How a device comes to know of its remote configuration. */
import assert from 'node:assert/strict';
import {
  type ConfigNotice,
  getConfig,
  onConfigPush,
} from '../../../../../lib/aliyun/functions/remote-config';
import { MialinkError } from '../../../../../lib/errors';
import { FakeChannel } from '../fake-channel';

const sent = {
  configId: 'config-1',
  configSize: 12,
  sign: 'a'.repeat(64),
  signMethod: 'Sha256',
  url: 'https://config.example.com/1.json?Signature=topsecret',
  getType: 'file',
};
const read: ConfigNotice = {
  configId: 'config-1',
  size: 12,
  sign: sent.sign,
  signMethod: 'sha256',
  url: sent.url,
};

describe('a remote configuration', () => {
  const channel = () => new FakeChannel();
  async function problemWith(answer: () => unknown): Promise<MialinkError> {
    const asked = channel();
    asked.answer = answer;
    const result = await getConfig(asked).catch((error: unknown) => error);
    return result instanceof MialinkError ? result : assert.fail(String(result));
  }

  it('is asked for as documented', async () => {
    const asked = channel();
    asked.answer = () => sent;
    assert.deepEqual(await getConfig(asked), read);
    const params = { configScope: 'product', getType: 'file' };
    assert.deepEqual(asked.requests, [{ method: 'thing.config.get', params }]);
  });

  it('that does not exist is told in words, with the code of the cloud', async () => {
    const { code, message, peer } = await problemWith(() => {
      throw channel().refusal(6710, 'no config');
    });
    assert.deepEqual([code, peer], ['DEVICE', { code: 6710, message: 'no config' }]);
    assert.match(message, /nothing is configured \(6710 no config\); enter and update/);
  });

  it('that is switched off is told in words', async () => {
    const { message } = await problemWith(() => {
      throw channel().refusal(6713);
    });
    assert.match(message, /remote configuration is switched off \(6713 refused\); switch it on/);
  });

  it('is refused by the cloud for any other reason in its own words', async () => {
    const refusal = channel().refusal(429, 'too many');
    const problem = await problemWith(() => {
      throw refusal;
    });
    assert.equal(problem, refusal);
  });

  it('cannot be used when its notice is none', async () => {
    assert.equal((await problemWith(() => ({}))).reason, 'configNoticeInvalid');
  });

  it('that is pushed is handed out and answered 200 at once', async () => {
    const pushed = channel();
    const notices: ConfigNotice[] = [];
    const stop = onConfigPush(pushed, (notice) => {
      notices.push(notice);
    });
    assert.deepEqual(await pushed.call('thing.config.push', sent), {});
    assert.deepEqual(notices, [read]);
    stop();
    assert.equal(await pushed.call('thing.config.push', sent), undefined);
  });

  it('that is pushed malformed is answered 460 and not handed out', async () => {
    const pushed = channel();
    onConfigPush(pushed, () => assert.fail('it was handed out'));
    for (const params of [{}, null, 'x', { ...sent, url: '' }, { ...sent, configSize: -1 }]) {
      assert.deepEqual(await pushed.call('thing.config.push', params), { code: 460 });
    }
  });
});
