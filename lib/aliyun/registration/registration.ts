/**
 * The credentials of a device that knows only the secret of its product: registered once, then kept.
 *
 *   credentials()   file there? ──yes──────────────────────────────> its credentials
 *                        └──no──> a place to keep them? ──> the cloud is asked ──> stored and synced ──┘
 *
 * Once the device has signed in with its credentials the cloud registers it never again, until its owner resets it.
 * So they are on disk before anybody gets them, and a file that is there but cannot be read is an error instead of a
 * second registration. A crash before that moment does no harm: the cloud repeats itself until the first sign-in.
 */
import { MialinkError } from '../../errors';
import type { Connect } from '../dial';
import type { Endpoint } from '../endpoint';
import { exclusively } from '../exclusive';
import type { Identity, SignMethod } from '../identity';
import type { Credentials } from './credentials';
import { CredentialsFile } from './credentials-file';

/** `mqtt-unregistered`: the DeviceName need not be added to the product beforehand. */
export type RegistrationMethod = 'https' | 'mqtt' | 'mqtt-unregistered';

export interface RegistrationOptions {
  /** For texts. */
  label: string;
  identity: Identity;
  productSecret: string;
  method: RegistrationMethod;
  signMethod: SignMethod;
  /** Where the credentials are kept; made when needed. */
  directory: string;
  /** Default `cn-shanghai`; for `https`. */
  region?: string;
  /** `host[:port]` for `https`; goes before what the region gives. */
  authEndpoint?: string;
  /** Blank or none: the old public instance; for MQTT. */
  instanceId?: string;
  /** For MQTT, of transport `tls` or `wss`. */
  endpoint: Endpoint;
  /** PEM texts of what is trusted besides Node's roots and GlobalSign Root CA R1. */
  ca: readonly string[];
  connect: Connect;
}

export class Registration {
  private readonly file: CredentialsFile;
  /** Whether the next registration would create again what its owner has just deleted. */
  private isDeleted = false;

  constructor(private readonly options: RegistrationOptions) {
    this.file = new CredentialsFile(options.directory, options.identity, options.label);
  }

  /**
   * Resolves when they are safely stored. Calls at the same time, of other registrations of this device too, take
   * turns: the later ones find what the first has stored. Rejects with
   * - `registrationUnreadable`, `registrationNotStored` (CONFIG)
   * - `registrationRefused` (AUTH), whose `peer` is what the cloud said
   * - `registrationUnanswered`, `registrationMalformed`, and as a connection does that cannot be made
   * - `deviceDeleted` (AUTH), see the method of this name
   * - `aborted` by the signal. What the cloud has answered by then is stored nevertheless.
   */
  credentials(signal?: AbortSignal): Promise<Credentials> {
    return this.alone(signal, async () => (await this.file.load()) ?? (await this.register(signal)));
  }

  /**
   * Removes what is stored, so that the next `credentials` registers anew: for a device that was reset in the
   * console. Rejects with `registrationNotForgotten`.
   */
  forget(): Promise<void> {
    return this.alone(undefined, () => this.file.remove());
  }

  /**
   * The cloud has deleted the device: what is stored is worth nothing any more. By `https` and `mqtt` the next
   * `credentials` registers the one that is created anew in the console; by `mqtt-unregistered` it would be the one to
   * create it, so that this registration never asks again. Rejects as `forget`.
   */
  deviceDeleted(): Promise<void> {
    this.isDeleted = this.options.method === 'mqtt-unregistered';
    return this.forget();
  }

  private async register(signal?: AbortSignal): Promise<Credentials> {
    if (this.isDeleted) throw new MialinkError('deviceDeleted', { device: this.options.label });
    await this.file.rehearse();
    signal?.throwIfAborted();
    const credentials = await this.ask(signal);
    await this.file.save(credentials);
    return credentials;
  }

  private async ask(signal?: AbortSignal): Promise<Credentials> {
    const { label, identity, productSecret, signMethod, method, ca, region = 'cn-shanghai' } = this.options;
    const applicant = { identity, productSecret, signMethod };
    // Loaded now: most devices have a secret of their own, and the others ask once in their life.
    if (method === 'https') {
      const { registerByHttps } = await import('./https');
      const { authEndpoint } = this.options;
      return registerByHttps({ label, applicant, region, authEndpoint, ca }, signal);
    }
    const { registerByMqtt } = await import('./mqtt');
    const { instanceId, endpoint, connect } = this.options;
    const form = { preregistered: method === 'mqtt', instanceId };
    return registerByMqtt({ label, applicant, form, endpoint, ca, connect }, signal);
  }

  private async alone<Value>(signal: AbortSignal | undefined, work: () => Promise<Value>): Promise<Value> {
    try {
      signal?.throwIfAborted();
      return await exclusively(this.file.path, signal, work);
    } catch (error) {
      throw signal?.aborted ? new MialinkError('aborted', { device: this.options.label }) : error;
    }
  }
}
