/** The way of a token from a person's file into the dialog, and that it goes nowhere else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import sinon from 'sinon';
import { MialinkError } from '../../lib/errors';
import { OfferedTokens } from '../../nodes/offered-tokens';
import { makeEndlessDatabase } from '../lib/cli/endless-database';
import { LAMP, PASSWORD, PLUG, useFixtures } from '../lib/miio/tokens/fixtures';
import { helper, load, useNodeRed } from '../support/flow';

const UPLOAD = '/miio-device/tokens';
const CHOICE = '/miio-device/tokens/choose';

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

describe('tokens from a file, in the dialog of miio-device', () => {
  const fixtures = useFixtures();
  useNodeRed();
  beforeEach(() => load([{ id: 'd', type: 'miio-device' }]));

  async function send(content: string | Buffer): Promise<Answer> {
    const { status, body } = await helper
      .request()
      .post(UPLOAD)
      .set('Content-Type', 'application/octet-stream')
      .send(content);
    return { status, body };
  }

  /** As the dialog does it. */
  function upload(name: string, password = ''): Promise<Answer> {
    const head = Buffer.from(`${JSON.stringify({ name, password })}\n`);
    return send(Buffer.concat([head, readFileSync(fixtures.file(name))]));
  }

  async function choose(body: object): Promise<Answer> {
    const { status, body: answer } = await helper.request().post(CHOICE).send(body);
    return { status, body: answer };
  }

  it('are listed by their devices, without the tokens', async () => {
    const { status, body } = await upload('android.sqlite');
    assert.equal(status, 200);
    const devices = [LAMP, PLUG].map(({ token: _, ...device }) => device);
    assert.deepEqual(body.devices, devices);
    assert.doesNotMatch(JSON.stringify(body), new RegExp(`${LAMP.token}|${PLUG.token}|[0-9a-f]{32}`));
  });

  it('are given one by one, as they are chosen', async () => {
    const { reference } = (await upload('android.sqlite')).body;
    assert.deepEqual(await choose({ reference, index: 1 }), { status: 200, body: { token: PLUG.token } });
    assert.deepEqual(await choose({ reference, index: 0 }), { status: 200, body: { token: LAMP.token } });
  });

  it('are given to nobody who does not know the reference, nor by another number', async () => {
    const { reference } = (await upload('android.sqlite')).body;
    const wrong = [{}, { reference: 'x', index: 0 }, { reference, index: 2 }, { reference }];
    for (const body of [...wrong, { reference, index: 'length' }, { reference: '__proto__', index: 0 }]) {
      const { status, body: answer } = await choose(body);
      assert.equal(status, 400);
      assert.match(String(answer.error), /choose the file again/);
    }
  });

  it('of an encrypted backup need its password', async () => {
    for (const [password, words] of [
      ['', /^encrypted-5\.ab is encrypted; enter the password/],
      [` ${PASSWORD}`, /^the password does not open encrypted-5\.ab/],
    ] as const) {
      const { status, body } = await upload('encrypted-5.ab', password);
      assert.deepEqual([status, body.passwordNeeded], [200, true]);
      assert.match(String(body.error), words);
    }
    const { body } = await upload('encrypted-5.ab', PASSWORD);
    assert.equal(Array.isArray(body.devices) && body.devices.length, 2);
  });

  it('that are not there are told in a sentence with the name of the file', async () => {
    const { status, body } = await upload('hidden.sqlite');
    assert.equal(status, 400);
    assert.match(String(body.error), /^hidden\.sqlite holds no token; Mi Home newer than 5\.0\.19/);
  });

  it('are looked for in no nonsense', async () => {
    for (const nonsense of [
      '',
      'no head',
      'x'.repeat(10_000),
      'no JSON\n',
      '[]\n',
      '{"name":{},"password":7}\nx',
    ]) {
      const { status, body } = await send(nonsense);
      assert.equal(status, 400);
      assert.match(String(body.error), /damaged|none of the files/);
    }
    const { status } = await helper.request().post(UPLOAD).send({ name: 'x' });
    assert.equal(status, 400);
  });

  it('get into no log', async () => {
    const { reference } = (await upload('encrypted-5.ab', PASSWORD)).body;
    await choose({ reference, index: 0 });
    const logged = JSON.stringify(helper.log().args);
    for (const secret of [LAMP.token, PLUG.token, PASSWORD]) assert.ok(!logged.includes(secret));
  });

  it('are in no file any more when the upload breaks off', async () => {
    const left = () => readdirSync(join(fixtures.path, 'tmp')).filter((name) => name.startsWith('mialink-'));
    const server = await listen();
    const { port } = server.address() as AddressInfo;
    const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': 1_000_000 };
    const broken = request({ port, method: 'POST', path: UPLOAD, headers });
    broken.on('error', () => {});
    broken.write('{"name":"x"}\nSQLite format 3\0');
    await until(() => left().length > 0);
    broken.destroy();
    await until(() => left().length === 0);
    server.close();
  });

  it('are looked for no longer than somebody waits for them', async () => {
    makeEndlessDatabase(fixtures.file('endless.db'));
    const folders = () =>
      readdirSync(join(fixtures.path, 'tmp')).filter((name) => name.startsWith('mialink-'));
    const server = await listen();
    const { port } = server.address() as AddressInfo;
    const headers = { 'Content-Type': 'application/octet-stream' };
    const given = request({ port, method: 'POST', path: UPLOAD, headers });
    given.on('error', () => {});
    given.end(Buffer.concat([Buffer.from('{"name":"x"}\n'), readFileSync(fixtures.file('endless.db'))]));
    // One for the upload, and one for the search.
    await until(() => folders().length === 2);
    given.destroy();
    await until(() => folders().length === 0);
    server.close();
  });

  it('leave nothing behind on a connection that is kept for the next request', async () => {
    const server = await listen();
    const { port } = server.address() as AddressInfo;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const listeners: number[] = [];
    for (let count = 1; count <= 3; count++) {
      const headers = { 'Content-Type': 'application/octet-stream' };
      const given = request({ port, agent, method: 'POST', path: UPLOAD, headers });
      const asked: Promise<IncomingMessage[]> = once(server, 'request');
      given.end(
        Buffer.concat([Buffer.from('{"name":"x"}\n'), readFileSync(fixtures.file('android.sqlite'))]),
      );
      const [[received], [answer]] = await Promise.all([asked, once(given, 'response')]);
      assert.equal(answer.statusCode, 200);
      await answer.toArray();
      listeners.push(received?.socket.listenerCount('close') ?? Number.NaN);
    }
    assert.deepEqual(new Set(listeners).size, 1, listeners.join());
    agent.destroy();
    server.close();
  });

  it('are not looked for in a file that is larger than it may be, and its sender is told so', async () => {
    const server = await listen();
    const { port } = server.address() as AddressInfo;
    const headers = { 'Content-Type': 'application/octet-stream' };
    const large = request({ port, method: 'POST', path: UPLOAD, headers });
    const answered = once(large, 'response');
    large.write('{"name":"phone.ab"}\n');
    const chunk = Buffer.alloc(2 ** 22);
    for (let sent = 0; sent <= 2 ** 29; sent += chunk.length) {
      if (!large.write(chunk)) await once(large, 'drain');
    }
    large.end();
    const [answer]: IncomingMessage[] = await answered;
    const text = (await answer?.toArray())?.join('') ?? '';
    assert.equal(answer?.statusCode, 400);
    assert.match(text, /phone\.ab is, or unpacks to, more than 512 MB/);
    server.close();
  }).timeout(30_000);

  /** The admin routes on a port of their own: the helper's requests do not break off. */
  async function listen(): Promise<Server> {
    const server = createServer(Reflect.get(helper, '_httpAdmin')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }

  /** The disk tells nobody when a file is gone. */
  async function until(isSo: () => boolean): Promise<void> {
    const deadline = Date.now() + 5_000;
    while (!isSo()) {
      assert.ok(Date.now() < deadline, String(isSo));
      await setTimeout(5);
    }
  }
});

describe('the offered tokens', () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers();
  });
  afterEach(() => clock.restore());

  const isForgotten = (error: unknown) => error instanceof MialinkError && error.reason === 'tokensForgotten';

  it('are forgotten after ten minutes', () => {
    const offered = new OfferedTokens();
    const reference = offered.offer([LAMP]);
    clock.tick(10 * 60_000 - 1);
    assert.equal(offered.choose(reference, 0), LAMP.token);
    clock.tick(1);
    assert.throws(() => offered.choose(reference, 0), isForgotten);
    assert.equal(clock.countTimers(), 0);
  });

  it('are those of the last ten files', () => {
    const offered = new OfferedTokens();
    const references = Array.from({ length: 11 }, () => offered.offer([LAMP]));
    const [first = '', second = ''] = references;
    assert.throws(() => offered.choose(first, 0), isForgotten);
    assert.equal(offered.choose(second, 0), LAMP.token);
    assert.equal(clock.countTimers(), 10);
  });
});
