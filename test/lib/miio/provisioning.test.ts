/** Bringing a device into a Wi-Fi: what is sent, every way of saying yes, and what silence means. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { MialinkError, type Reason, type Values } from '../../../lib/errors';
import { Network } from '../../../lib/miio';
import type { Caller } from '../../../lib/miio/caller';
import { provision, type WifiSettings } from '../../../lib/miio/provisioning';
import type { ProvisioningOptions, SimulatedDevice } from '../../simulators/home';
import { because, pluggedIn } from './conversation';

const WIFI = { ssid: 'home', password: 'geheim"im\\Netz' };
const NEW_TOKEN = '00112233445566778899aabbccddeeff';

/** A device that answers each method as it is told: with a result, or a thrown error. */
function caller(answers: Partial<Record<string, () => unknown>>) {
  const calls: { method: string; params: unknown; signal?: AbortSignal }[] = [];
  const device: Caller = {
    label: 'lamp (192.168.8.1)',
    address: '192.168.8.1',
    call: async (method, params, options) => {
      calls.push({ method, params, signal: options?.signal });
      return { result: answers[method]?.() ?? {}, id: 1, durationMs: 1 };
    },
  };
  return { device, calls };
}

const configured = (answer: () => unknown) => caller({ 'miIO.config_router': answer });

function fails(reason: Reason, values: Values = {}, peer?: { code: number; message: string }): () => never {
  return () => {
    throw new MialinkError(reason, { device: 'lamp', method: 'm', ...values }, { peer });
  };
}

describe('provisioning', () => {
  it('sends name, password and user, and the time zone when there is one', async () => {
    const { device, calls } = configured(() => ['ok']);
    const { signal } = new AbortController();
    await provision(device, WIFI, { signal });
    await provision(device, { ...WIFI, uid: 42, timezone: 'Europe/Berlin' });
    const sent = calls.filter(({ method }) => method === 'miIO.config_router');
    assert.deepEqual(
      sent.map(({ params }) => params),
      [
        { ssid: 'home', passwd: WIFI.password, uid: 0 },
        { ssid: 'home', passwd: WIFI.password, uid: 42, tz: 'Europe/Berlin' },
      ],
    );
    assert.equal(sent[0]?.signal, signal);
  });

  it('keeps a name and a password that look like numbers as they are', async () => {
    const { device, calls } = configured(() => 0);
    await provision(device, { ssid: '0x10', password: '01234567' });
    assert.deepEqual(calls.at(-1)?.params, { ssid: '0x10', passwd: '01234567', uid: 0 });
  });

  for (const answer of [['ok'], 'ok', 'OK', ['OK'], 0, [0]]) {
    it(`takes ${JSON.stringify(answer)} for a yes`, async () => {
      assert.equal(await provision(configured(() => answer).device, WIFI), 'accepted');
    });
  }

  for (const answer of [['error'], 1, [], '', 'okay', { ok: true }, [['ok']], false]) {
    it(`takes ${JSON.stringify(answer)} for a no`, async () => {
      await assert.rejects(
        provision(configured(() => answer).device, WIFI),
        because('provisioningRefused', /lamp \(192\.168\.8\.1\) refused/),
      );
    });
  }

  it('tells the error that the device answers', async () => {
    const refusal = fails('deviceRefused', { answer: '' }, { code: -30020, message: 'not on the LAN' });
    const refused = provision(configured(refusal).device, WIFI);
    await assert.rejects(refused, because('provisioningRefused', /-30020 not on the LAN/));
  });

  it('repeats no password that the device repeats, in whatever spelling, and no long answer', async () => {
    const { password } = WIFI;
    const echo = { code: -1, message: `bad passwd ${password}` };
    for (const answer of [() => ({ passwd: password }), fails('deviceRefused', { answer: '' }, echo)]) {
      await assert.rejects(provision(configured(answer).device, WIFI), (error) => {
        assert.ok(error instanceof MialinkError);
        assert.doesNotMatch(JSON.stringify([error.message, error.values, error.cause]), /geheim/);
        assert.match(error.message, /\*\*\*/);
        return true;
      });
    }
    await assert.rejects(
      provision(configured(() => 'x'.repeat(60_000)).device, WIFI),
      (error) => error instanceof Error && error.message.length < 500,
    );
  });

  for (const reason of [
    'noAnswer',
    'commandIgnored',
    'unreachable',
    'socketFailed',
    'tokenOther',
    'tokenRejected',
    'answerUnreadable',
  ] as const) {
    it(`cannot tell a success from “${reason}” once the command is out`, async () => {
      assert.equal(await provision(configured(fails(reason)).device, WIFI), 'unanswered');
    });
  }

  for (const reason of ['aborted', 'closed', 'otherDevice'] as const) {
    it(`passes “${reason}” on`, async () => {
      await assert.rejects(provision(configured(fails(reason)).device, WIFI), because(reason));
    });
  }

  for (const reason of ['noAnswer', 'unreachable', 'tokenRejected', 'tokenOther'] as const) {
    it(`sends no password to a device that fails with “${reason}” before`, async () => {
      const { device, calls } = caller({ 'miIO.info': fails(reason) });
      await assert.rejects(provision(device, WIFI), because(reason));
      assert.deepEqual(
        calls.map(({ method }) => method),
        ['miIO.info'],
      );
    });
  }

  for (const reason of ['answerUnreadable', 'deviceRefused'] as const) {
    it(`goes on with a device that is there, but tells nothing of itself (${reason})`, async () => {
      const { device } = caller({ 'miIO.info': fails(reason), 'miIO.config_router': () => 'ok' });
      assert.equal(await provision(device, WIFI), 'accepted');
    });
  }

  it('refuses a Wi-Fi that cannot be, before anything is sent', async () => {
    const wrong: [Partial<WifiSettings>, RegExp][] = [
      [{ ssid: '' }, /ssid must be a text, 1 to 32 bytes/],
      [{ ssid: '网'.repeat(11) }, /ssid/],
      [{ password: 'geheim7' }, /password must be a text, 8 to 63/],
      [{ password: 'x'.repeat(64) }, /password/],
    ];
    for (const [setting, text] of wrong) {
      const { device, calls } = configured(() => 'ok');
      await assert.rejects(provision(device, { ...WIFI, ...setting }), because('wifiInvalid', text));
      assert.deepEqual(calls, []);
    }
    for (const right of [{ ssid: '网'.repeat(10) }, { password: '' }, { password: 'x'.repeat(63) }]) {
      assert.equal(await provision(configured(() => 'ok').device, { ...WIFI, ...right }), 'accepted');
    }
  });

  for (const [wifi, text] of [
    [undefined, /ssid must be a text/],
    [{ ssid: 'x' }, /password must be a text, 8 to 63/],
    [{ ssid: 5, password: '' }, /ssid must be a text/],
    [{ ssid: 'x', password: 12_345_678 }, /password must be a text/],
    [{ ...WIFI, uid: '42' }, /uid must be a whole number/],
    [{ ...WIFI, uid: -1 }, /uid must be a whole number/],
    [{ ...WIFI, timezone: 1 }, /timezone must be a text/],
  ] as const) {
    it(`refuses a Wi-Fi that no compiler has checked: ${inspect(wifi)}`, async () => {
      const { device, calls } = configured(() => 'ok');
      const outcome = provision(device, wifi as unknown as WifiSettings);
      await assert.rejects(outcome, because('wifiInvalid', text));
      assert.deepEqual(calls, []);
    });
  }

  it('ends in one of its ways, whatever the device answers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (answer) => {
        const { device } = configured(() => answer);
        const outcome = await provision(device, WIFI).catch((error: unknown) => error);
        assert.ok(outcome === 'accepted' || because('provisioningRefused')(outcome), String(outcome));
      }),
    );
  });
});

describe('provisioning a simulated device', () => {
  let simulated: SimulatedDevice;
  let network: Network;
  const outcome = async (provisioning: ProvisioningOptions, timeoutMs = 2_000) => {
    simulated = await pluggedIn({ provisioning });
    const { address, port, token } = simulated;
    return provision(network.device({ address, port, token, timeoutMs }), WIFI);
  };

  beforeEach(() => {
    network = new Network();
  });
  afterEach(async () => {
    await network.close();
    await simulated.stop();
  });

  for (const answer of ['list', 'text', 'number'] as const) {
    it(`is accepted by one that says so by a ${answer}, and whose token changes`, async () => {
      assert.equal(await outcome({ answer, newToken: NEW_TOKEN }), 'accepted');
      assert.equal(simulated.token, NEW_TOKEN);
    });
  }

  it('is unanswered by one that leaves at once, though it got the network', async () => {
    assert.equal(await outcome({ answer: 'lost', newToken: NEW_TOKEN }, 900), 'unanswered');
    assert.equal(simulated.token, NEW_TOKEN);
  });
});
