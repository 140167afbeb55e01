/** A registrar, a directory, and registrations that use both. `close` ends all of it and removes the directory. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectMqtt, type MqttClient } from 'mqtt';
import type { Registration, RegistrationOptions } from '../../../../lib/aliyun/registration';
import { MialinkError } from '../../../../lib/errors';
import { type Place, registrationAt } from './place';
import { Registrar } from './registrar';

export class Bench {
  /** The connections that were made to the registrar. */
  readonly clients: MqttClient[] = [];

  static async start(): Promise<Bench> {
    const home = await mkdtemp(join(tmpdir(), 'registration-'));
    return new Bench(await Registrar.start(), home);
  }

  private constructor(
    readonly registrar: Registrar,
    private readonly home: string,
  ) {}

  /** Not made yet. */
  get directory(): string {
    return join(this.home, 'aliyun-devices');
  }

  get place(): Place {
    const { ca, httpsPort, mqttPort } = this.registrar;
    return { directory: this.directory, ca, httpsPort, mqttPort };
  }

  registration(options: Partial<RegistrationOptions> = {}): Registration {
    return registrationAt(this.place, {
      connect: (url, settings) => {
        const client = connectMqtt(url, settings);
        this.clients.push(client);
        return client;
      },
      ...options,
    });
  }

  /** The names in the directory, when it is there. */
  files(): Promise<string[]> {
    return readdir(this.directory);
  }

  /** Of the credentials; there must be one file. */
  async path(): Promise<string> {
    const [name, ...more] = await this.files();
    if (name === undefined || more.length > 0) throw new Error(`not one file: ${[name, ...more]}`);
    return join(this.directory, name);
  }

  async close(): Promise<void> {
    await this.registrar.close();
    await rm(this.home, { recursive: true });
  }
}

/** The MialinkError with which something rejects. */
export async function problemOf(work: Promise<unknown>): Promise<MialinkError> {
  const result = await work.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  if (result instanceof MialinkError) return result;
  throw new Error('not rejected with a MialinkError', { cause: result });
}

/** All that a person or a log could get to see of an error. */
export function toldBy(error: MialinkError): string {
  return [error.message, error.stack, JSON.stringify([error.values, error.peer]), String(error.cause)].join();
}
