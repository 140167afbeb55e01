/** Where a download may go: names that lie, and networks that are nobody's business. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isPublicAddress } from '../../../../../lib/aliyun/ota/download/public-address';
import { type ResolveName, Route, type RouteOptions } from '../../../../../lib/aliyun/ota/download/route';
import { MialinkError } from '../../../../../lib/errors';

/** What the names lead to; TEST-NET and documentation addresses would count as reserved. */
const NAMES: Record<string, string[]> = {
  'ota.example': ['47.88.0.1'],
  'cdn.example': ['47.88.0.2', '2400:3200::1'],
  'liar.example': ['192.168.1.1'],
  'half.example': ['47.88.0.3', '127.0.0.1'],
  'nas.example': ['192.168.1.9'],
  'none.example': [],
};

function routeOf(options: Partial<RouteOptions> = {}): Route {
  const resolveName: ResolveName = (host, _options, callback) => {
    const found = NAMES[host];
    if (!found) return callback(new Error(`ENOTFOUND ${host}`), []);
    return callback(
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return new Route({ label: 'lamp', allowHttp: false, resolveName, ...options });
}

function lookUp(route: Route, host: string, all = true): Promise<unknown> {
  return new Promise((resolve, reject) =>
    route.lookup(host, { all }, (error, address) => (error ? reject(error) : resolve(address))),
  );
}

const REFUSED = {
  reason: 'otaUrlRefused',
  message: /^lamp: .*redirects from the internet .* private network/,
};

function errorOf(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('the way of a download', () => {
  describe('that began in the internet', () => {
    let route: Route;
    let from: URL;

    async function begin(options?: Partial<RouteOptions>): Promise<void> {
      route = routeOf(options);
      from = route.start('https://ota.example/firmware.bin');
      await lookUp(route, from.hostname);
    }
    beforeEach(() => begin());

    it('may lead to another place there, by name or number', async () => {
      route.redirect('https://cdn.example/firmware.bin', from);
      assert.deepEqual(await lookUp(route, 'cdn.example'), [
        { address: '47.88.0.2', family: 4 },
        { address: '2400:3200::1', family: 6 },
      ]);
      assert.equal(await lookUp(route, 'cdn.example', false), '47.88.0.2');
      assert.equal(route.redirect('https://47.88.0.2/x', from).hostname, '47.88.0.2');
    });

    it('does not lead by a name to a private address, nor to one of several', async () => {
      for (const host of ['liar.example', 'half.example']) {
        route.redirect(`https://${host}/firmware.bin`, from);
        await assert.rejects(lookUp(route, host), REFUSED);
      }
    });

    const inside = [
      '127.0.0.1',
      '10.1.2.3',
      '172.16.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '100.100.100.200',
      '0.0.0.0',
      '2130706433',
      '0x7f.1',
      '[::1]',
      '[::]',
      '[fe80::1]',
      '[fd00::1]',
      '[::ffff:127.0.0.1]',
      '[64:ff9b::10.0.0.1]',
    ];
    for (const host of inside) {
      it(`does not lead to ${host}`, () => {
        assert.throws(() => route.redirect(`https://${host}/x`, from), REFUSED);
      });
    }

    it('may lead there when that is allowed', async () => {
      await begin({ allowRedirectToPrivate: true });
      route.redirect('https://nas.example/x', from);
      await lookUp(route, 'nas.example');
      route.redirect('https://192.168.1.1/x', from);
    });

    it('is checked anew by each try', async () => {
      route.redirect('https://cdn.example/x', from);
      await lookUp(route, 'cdn.example');
      // At home the same name may lead elsewhere.
      route.start('https://nas.example/firmware.bin');
      await lookUp(route, 'nas.example');
      route.start('https://ota.example/firmware.bin');
      await lookUp(route, 'ota.example');
      route.redirect('https://liar.example/x', from);
      await assert.rejects(lookUp(route, 'liar.example'), REFUSED);
    });

    it('tells a name that leads nowhere', async () => {
      await assert.rejects(lookUp(route, 'unknown.example'), /ENOTFOUND/);
      await assert.rejects(lookUp(route, 'none.example'), /no address/);
    });
  });

  it('that began in a private network may go on there, and out of it', async () => {
    for (const address of ['https://nas.example/x', 'https://192.168.1.9/x']) {
      const route = routeOf();
      const from = route.start(address);
      if (from.hostname === 'nas.example') await lookUp(route, 'nas.example');
      route.redirect('https://127.0.0.1/x', from);
      route.redirect('https://liar.example/x', from);
      await lookUp(route, 'liar.example');
      route.redirect('https://ota.example/x', from);
      await lookUp(route, 'ota.example');
    }
  });

  it('does not get from https to http, whatever is allowed', () => {
    const route = routeOf({ allowHttp: true });
    const from = route.start('https://47.88.0.1/x');
    assert.throws(() => route.redirect('http://47.88.0.1/x', from), {
      reason: 'otaUrlRefused',
      message: /redirects to an address that is not https:, as it was before/,
    });
    const plain = route.start('http://47.88.0.1/x');
    assert.equal(route.redirect('http://47.88.0.1/y', plain).href, 'http://47.88.0.1/y');
    assert.equal(route.redirect('/z', plain).href, 'http://47.88.0.1/z');
  });

  it('tells no address, whatever text it is given', () => {
    const route = routeOf();
    fc.assert(
      fc.property(fc.constantFrom('https://', 'http://h', 'ftp://h', ''), fc.string(), (scheme, rest) => {
        const text = `${scheme}${rest}`;
        const start = () => assert.equal(route.start(`${text}?topsecret`).protocol, 'https:');
        const problem = errorOf(start);
        if (!problem) return;
        assert.ok(problem instanceof MialinkError, String(problem));
        assert.doesNotMatch(problem.message, /topsecret/);
      }),
    );
  });
});

describe('a public address', () => {
  it('is none of the reserved ones, and nothing but an address', () => {
    for (const address of ['1.1.1.1', '47.88.0.1', '2400:3200::1', '::ffff:1.1.1.1', '64:ff9b::101:101']) {
      assert.ok(isPublicAddress(address), address);
    }
    for (const address of [
      '',
      'localhost',
      '10.0.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '::1',
      'fe80::1%eth0',
    ]) {
      assert.ok(!isPublicAddress(address), address);
    }
    fc.assert(fc.property(fc.string(), (text) => typeof isPublicAddress(text) === 'boolean'));
  });
});
