/**
 * A real Node-RED in a process of its own, with this package installed (the built one), an empty user directory and
 * the admin API on a loopback port. Used by the demo and by the end-to-end tests.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The Node-RED versions that are tested, each with the Node.js it runs on. */
export type NodeRedVersion = '4.1' | '5.0';

export interface NodeRedOptions {
  version?: NodeRedVersion;
  /** Default: any free port. */
  port?: number;
  /** The directory of the package to install; default: this checkout. */
  packageDirectory?: string;
  /** That which a killed one has left, its flow and all; default: a new one. */
  userDir?: string;
  env?: NodeJS.ProcessEnv;
}

export type FlowNode = Record<string, unknown> & { id: string; type: string };

const ROOT = join(__dirname, '../..');
const V5 = join(ROOT, 'test/runtimes/node-red-5/node_modules');
const PROGRAMS: Record<NodeRedVersion, { node: string; script: string }> = {
  '4.1': { node: process.execPath, script: join(ROOT, 'node_modules/node-red/red.js') },
  '5.0': { node: join(V5, 'node/bin/node'), script: join(V5, 'node-red/red.js') },
};
const START_TIMEOUT_MS = 60_000;

/** Emits `line` for each line of Node-RED's log. */
export class NodeRed extends EventEmitter<{ line: [string] }> {
  /** Everything logged so far. */
  readonly log: string[] = [];
  private state: 'running' | 'exited' = 'running';

  private constructor(
    readonly url: string,
    readonly userDir: string,
    private readonly child: ChildProcess,
  ) {
    super();
    child.on('exit', () => {
      this.state = 'exited';
    });
    // The Node.js of this version is not installed, or not for this machine.
    child.on('error', (error) => {
      this.state = 'exited';
      this.log.push(error.message);
      child.emit('exit');
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
          this.log.push(line);
          this.emit('line', line);
        }
      });
    }
  }

  static async start(options: NodeRedOptions = {}): Promise<NodeRed> {
    const port = await freePort(options.port ?? 0);
    const userDir = options.userDir ?? newUserDir(options.packageDirectory ?? ROOT);
    writeFileSync(join(userDir, 'settings.js'), settingsFor(port));
    const { node, script } = PROGRAMS[options.version ?? '4.1'];
    const child = spawn(node, [script, '--userDir', userDir, '--settings', join(userDir, 'settings.js')], {
      env: { ...process.env, ...options.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const nodeRed = new NodeRed(`http://127.0.0.1:${port}`, userDir, child);
    try {
      await nodeRed.waitForLog(/Started flows/, START_TIMEOUT_MS);
      await nodeRed.waitForLog(/now running at/, START_TIMEOUT_MS);
    } catch (error) {
      await nodeRed.close();
      throw error;
    }
    return nodeRed;
  }

  get running(): boolean {
    return this.state === 'running';
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Deploys a flow; a node may bring its `credentials`, which Node-RED takes out and encrypts. */
  async deploy(nodes: FlowNode[], type: 'full' | 'nodes' | 'flows' = 'full'): Promise<void> {
    const from = this.log.length;
    const response = await fetch(`${this.url}/flows`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'Node-RED-API-Version': 'v2',
        'Node-RED-Deployment-Type': type,
      },
      body: JSON.stringify({ flows: nodes }),
    });
    if (!response.ok) throw new Error(`deploying failed: ${response.status} ${await response.text()}`);
    await this.waitForLog(/Started (modified )?(flows|nodes)/, START_TIMEOUT_MS, from);
  }

  /** Presses the button of an inject node. */
  async inject(id: string): Promise<void> {
    const response = await fetch(`${this.url}/inject/${id}`, { method: 'POST' });
    if (!response.ok) throw new Error(`inject ${id} failed: ${response.status}`);
  }

  /** The first line, of those logged already (from index `from`) or to come, that matches. */
  waitForLog(pattern: RegExp, timeoutMs = 20_000, from = 0): Promise<string> {
    const known = this.log.slice(from).find((line) => pattern.test(line));
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void) => {
        clearTimeout(timer);
        this.off('line', look);
        this.child.off('exit', exited);
        outcome();
      };
      const look = (line: string) => {
        if (pattern.test(line)) settle(() => resolve(line));
      };
      const fail = (why: string) =>
        settle(() => reject(new Error(`${why}\n${this.log.slice(-30).join('\n')}`)));
      const exited = () => fail(`Node-RED exited while waiting for ${pattern}`);
      const timer = setTimeout(() => fail(`Node-RED did not log ${pattern} in ${timeoutMs} ms`), timeoutMs);
      this.on('line', look);
      this.child.once('exit', exited);
    });
  }

  /** `kill -9`. Its user directory stays, for the next one or for `close`. */
  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  async close(): Promise<void> {
    if (this.state === 'running') {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      const killer = setTimeout(() => this.child.kill('SIGKILL'), 20_000);
      await exited;
      clearTimeout(killer);
    }
    rmSync(this.userDir, { recursive: true, force: true });
  }
}

/** `port` if nobody listens there, otherwise any free one. */
export async function freePort(port: number): Promise<number> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return freePort(0);
  }
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** With the package installed. */
function newUserDir(packageDirectory: string): string {
  const userDir = mkdtempSync(join(tmpdir(), 'mialink-node-red-'));
  const scope = join(userDir, 'node_modules/@mialink');
  mkdirSync(scope, { recursive: true });
  symlinkSync(packageDirectory, join(scope, 'node-red-miio-aliyun'), 'junction');
  const dependencies = { '@mialink/node-red-miio-aliyun': '*' };
  writeFileSync(join(userDir, 'package.json'), JSON.stringify({ name: 'node-red-project', dependencies }));
  return userDir;
}

function settingsFor(port: number): string {
  const settings = {
    uiHost: '127.0.0.1',
    uiPort: port,
    flowFile: 'flows.json',
    credentialSecret: 'only for this run',
    editorTheme: { tours: false, projects: { enabled: false } },
    telemetry: { enabled: false, updateNotification: false },
    logging: { console: { level: 'info', metrics: false, audit: false } },
  };
  return `module.exports = ${JSON.stringify(settings, null, 2)};\n`;
}
