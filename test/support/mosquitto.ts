/**
 * Debian's mosquitto, a broker that shares nothing with ours, in a process of its own on a loopback port with TLS. A
 * password file says who may sign in; what they may do is not limited. Sessions outlast a restart.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certify } from '../simulators/cloud/authority';
import { freePort } from './node-red';

// Debian's place for daemons is on nobody's PATH but root's.
const BROKER = '/usr/sbin/mosquitto';
const INSTALL = 'install mosquitto (apt-get install mosquitto)';

/** Emits `log` for each piece of its log. */
export class Mosquitto extends EventEmitter<{ log: [] }> {
  /** Everything it has logged so far. */
  private log = '';
  private process: ChildProcess | undefined;

  /** `users`: the password of each. */
  static async start(users: Record<string, string>): Promise<Mosquitto> {
    const directory = mkdtempSync(join(tmpdir(), 'mialink-mosquitto-'));
    const { ca, cert, key } = await certify('127.0.0.1');
    const broker = new Mosquitto(directory, await freePort(0), ca);
    broker.write('ca.pem', ca);
    broker.write('cert.pem', cert);
    broker.write('key.pem', key);
    const lines = Object.entries(users).map(([name, password]) => `${name}:${password}\n`);
    const passwords = broker.write('passwords', lines.join(''));
    broker.write('mosquitto.conf', broker.configuration());
    try {
      // Puts a hash in the place of each password.
      execFileSync('mosquitto_passwd', ['-U', passwords]);
      await broker.up();
    } catch (error) {
      await broker.close();
      throw error instanceof Error && 'code' in error && error.code === 'ENOENT' ? new Error(INSTALL) : error;
    }
    return broker;
  }

  private constructor(
    private readonly directory: string,
    readonly port: number,
    /** PEM of the authority of its certificate. */
    readonly ca: string,
  ) {
    super();
  }

  /** Listens, on the same port as before. */
  async up(): Promise<void> {
    const child = spawn(BROKER, ['-c', join(this.directory, 'mosquitto.conf')]);
    this.process = child;
    const from = this.log.length;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
      this.emit('log');
    });
    await new Promise<void>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', () => reject(new Error(`mosquitto has ended:\n${this.log}`)));
      void this.logged(/mosquitto version .* running/, from).then(resolve);
    });
  }

  /** Resolves when it has logged this, after the first `from` characters. */
  async logged(pattern: RegExp, from = 0): Promise<void> {
    while (!pattern.test(this.log.slice(from))) await once(this, 'log');
  }

  /** Ends, as by `systemctl stop`. */
  async down(): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (!child || child.pid === undefined || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }

  async close(): Promise<void> {
    await this.down();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private configuration(): string {
    const file = (name: string) => join(this.directory, name);
    const lines = [
      `listener ${this.port} 127.0.0.1`,
      `cafile ${file('ca.pem')}`,
      `certfile ${file('cert.pem')}`,
      `keyfile ${file('key.pem')}`,
      'allow_anonymous false',
      `password_file ${file('passwords')}`,
      'persistence true',
      `persistence_location ${this.directory}/`,
      'log_dest stderr',
    ];
    // It would take the user mosquitto, who may not read this directory.
    if (process.getuid?.() === 0) lines.push('user root');
    return `${lines.join('\n')}\n`;
  }

  private write(name: string, content: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }
}
