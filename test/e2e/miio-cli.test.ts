/** The compiled program as a real process, against the simulated home. `npm run build` comes before. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makeEndlessDatabase } from '../lib/cli/endless-database';
import { Home, lamp, purifier, type SimulatedDevice } from '../simulators/home';

const ROOT = path.join(__dirname, '../..');
const MAIN = path.join(ROOT, 'dist/lib/cli/main.js');
const manifest: { version: string } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

describe('the program miio-cli', function () {
  this.timeout(60_000);
  let home: Home;
  let light: SimulatedDevice;
  const children: ChildProcess[] = [];

  // As at home: port 54321, on addresses of their own.
  beforeEach(async () => {
    home = await Home.start([
      lamp({ address: '127.54.7.1', helloToken: 'disclosed', provisioning: { answer: 'text' } }),
      purifier({ address: '127.54.7.2' }),
    ]);
    light = home.device('100000001');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
    await home.close();
  });

  /** The variables of whoever runs the tests are none of the program's. */
  function environment(more: NodeJS.Dict<string>): NodeJS.ProcessEnv {
    const { PATH } = process.env;
    return { PATH, TERM: 'xterm', ...more };
  }

  function start(command: string, argv: string[], env: NodeJS.Dict<string> = {}): ChildProcess {
    const child = spawn(command, argv, { env: environment(env), stdio: ['pipe', 'pipe', 'pipe'] });
    children.push(child);
    return child;
  }

  async function ended(child: ChildProcess): Promise<Ended> {
    const written = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        written[name] += text;
      });
    }
    const [exitCode] = await once(child, 'close');
    return { exitCode, ...written };
  }

  const miioCli = (argv: string[], env?: NodeJS.Dict<string>) =>
    ended(start(process.execPath, [MAIN, ...argv], env));

  it('tells its version and its help', async () => {
    assert.deepEqual(await miioCli(['--version']), {
      exitCode: 0,
      stdout: `${manifest.version}\n`,
      stderr: '',
    });
    assert.match((await miioCli([])).stdout, /^miio-cli (?:.*\n)*.*--discover all/);
  });

  it('discovers the home, by a network and by addresses', async () => {
    for (const addresses of ['127.54.7.0/30', '127.54.7.1,127.54.7.2']) {
      const { exitCode, stdout } = await miioCli(['--discover', addresses, '--json', '--timeout', '1000']);
      assert.equal(exitCode, 0);
      const found: { deviceId: string; tokenDisclosed: boolean }[] = JSON.parse(stdout);
      const told = found.map(({ deviceId, tokenDisclosed }) => `${deviceId} ${tokenDisclosed}`);
      assert.deepEqual(told.sort(), ['100000001 true', '200000002 false']);
    }
  });

  it('asks, commands and fails by its exit code', async () => {
    const env = { MIIO_TOKEN: light.token };
    const info = await miioCli(['--ip', light.address, '--info'], env);
    assert.match(info.stdout, /^model +yeelink\.light\.lamp1$/m);
    const on = '{"id":1,"method":"set_power","params":["on"]}';
    assert.deepEqual(await miioCli(['--ip', light.address, '--sendcmd', on], env), {
      exitCode: 0,
      stdout: '["ok"]\n',
      stderr: '',
    });
    assert.equal(light.get('power'), 'on');
    const broken = await miioCli(
      ['--ip', light.address, '--sendcmd', '{"method":"toggle",,"params":[],"id":1}'],
      env,
    );
    assert.equal(broken.exitCode, 2);
    assert.match(broken.stderr, /character 20 is “,”/);
    const unknown = await miioCli(['--ip', light.address, '--sendcmd', '{"method":"fly"}'], env);
    assert.deepEqual([unknown.exitCode, unknown.stdout], [7, '']);
  });

  it('ends at once when it has its answer', async () => {
    const startedAt = performance.now();
    await miioCli(['--ip', light.address, '--info'], { MIIO_TOKEN: light.token });
    assert.ok(performance.now() - startedAt < 5_000);
  });

  it('is ended by Ctrl-C with 130', async () => {
    const child = start(process.execPath, [
      MAIN,
      '--discover',
      '127.54.7.1',
      '--timeout',
      '50000',
      '--debug',
    ]);
    const ending = ended(child);
    await once(child.stderr ?? assert.fail(), 'data');
    child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await ending;
    assert.deepEqual([exitCode, stdout], [130, '']);
    assert.match(stderr, /interrupted\n$/);
  });

  it('is ended by Ctrl-C while it looks for tokens, and leaves no copy of them', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'miio-cli-'));
    const TMPDIR = path.join(folder, 'tmp');
    mkdirSync(TMPDIR);
    const database = path.join(folder, 'endless.db');
    makeEndlessDatabase(database);
    const child = start(process.execPath, [MAIN, '--extract-tokens', database], { TMPDIR });
    const ending = ended(child);
    const copies = () =>
      readdirSync(TMPDIR, { recursive: true }).filter((name) => String(name).endsWith('.db'));
    while (copies().length === 0) await setTimeout(5);
    const startedAt = performance.now();
    child.kill('SIGINT');
    assert.deepEqual(await ending, { exitCode: 130, stdout: '', stderr: 'interrupted\n' });
    // By itself, SQLite is given half a minute.
    assert.ok(performance.now() - startedAt < 15_000);
    assert.deepEqual(readdirSync(TMPDIR), []);
    rmSync(folder, { recursive: true });
  });

  it('ends quietly when its reader does', async () => {
    const child = start(process.execPath, [MAIN, '--discover', '127.54.7.1', '--timeout', '500']);
    child.stdout?.destroy();
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const [exitCode] = await once(child, 'exit');
    assert.deepEqual([exitCode, stderr], [0, '']);
  });

  it('says that its results could not be written', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [MAIN, '--help'], { stdio: ['ignore', full, 'pipe'] });
    children.push(child);
    closeSync(full);
    const { exitCode, stderr } = await ended(child);
    assert.equal(exitCode, 74);
    assert.match(stderr, /could not be written.*ENOSPC/);
  });

  describe('at a terminal', () => {
    /** `script` gives the program a terminal of its own; what it shows is one stream. */
    const atTerminal = (argv: string[]) =>
      start('script', [
        '--quiet',
        '--return',
        '--command',
        [process.execPath, MAIN, ...argv].join(' '),
        '/dev/null',
      ]);

    it('shows a line of progress and a table', async () => {
      const { exitCode, stdout } = await ended(atTerminal(['--discover', '127.54.7.1', '--timeout', '600']));
      assert.equal(exitCode, 0);
      assert.match(stdout, /searching: 1 found/);
      assert.match(stdout, /\[KADDRESS +ID +.*TOKEN\r\n127\.54\.7\.1 +100000001 +.*disclosed/);
    });

    it('asks before it provisions, and does not show the password', async () => {
      const child = atTerminal(['--ip', light.address, '--provision', 'home']);
      const provisioned = once(light, 'provisioned');
      const ending = ended(child);
      await answer(child, /yes\/no/, 'yes\r');
      await answer(child, /Password/, 'geheim im Netz\r');
      assert.deepEqual(await provisioned, [{ ssid: 'home', passwd: 'geheim im Netz', uid: 0 }]);
      const { exitCode, stdout } = await ending;
      assert.equal(exitCode, 0);
      assert.match(stdout, /took the settings/);
      assert.doesNotMatch(stdout, /geheim/);
    });

    it('takes Ctrl-C and the end of input for an answer: nothing is sent', async () => {
      for (const key of ['\u0003', '\u0004']) {
        const child = atTerminal(['--ip', light.address, '--provision', 'home']);
        const ending = ended(child);
        await answer(child, /yes\/no/, key);
        const { exitCode, stdout } = await ending;
        assert.equal(exitCode, 130);
        assert.match(stdout, /interrupted\r\n$/);
      }
      assert.ok(light.executed.every(({ method }) => method !== 'miIO.config_router'));
    });

    async function answer(child: ChildProcess, question: RegExp, keys: string): Promise<void> {
      let shown = '';
      await new Promise<void>((resolve) => {
        const listen = (text: string) => {
          shown += text;
          if (!question.test(shown)) return;
          child.stdout?.off('data', listen);
          resolve();
        };
        child.stdout?.on('data', listen);
      });
      child.stdin?.write(keys);
    }
  });
});
