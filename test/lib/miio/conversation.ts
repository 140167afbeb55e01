/** A session and the simulated device it speaks to, over real UDP on loopback. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SinonFakeTimers } from 'sinon';
import { MialinkError, type Reason } from '../../../lib/errors';
import type { Answer, CommandOptions } from '../../../lib/miio/command';
import { Session, type SessionOptions, type SessionState } from '../../../lib/miio/session';
import { MiioSocket } from '../../../lib/miio/socket';
import { lamp, SimulatedDevice, type SimulatedDeviceOptions } from '../../simulators/home';
import { tokenBytes } from '../../simulators/home/wire';

/** A session to `device` with a socket of its own. */
export class Client {
  readonly socket = new MiioSocket();
  readonly session: Session;
  /** Every state it went through. */
  readonly states: SessionState[] = [];

  constructor(
    device: { address: string; port: number; token: string },
    options: Partial<SessionOptions> = {},
  ) {
    this.session = new Session({
      label: 'the lamp',
      address: device.address,
      port: device.port,
      token: tokenBytes(device.token),
      socket: this.socket,
      resolve: async (address) => address,
      ...options,
    });
    this.session.on('state', (state) => this.states.push(state));
  }

  /** By default within 5 s, with 3 retries. */
  call(method: string, params: unknown = [], options: Partial<CommandOptions> = {}): Promise<Answer> {
    return this.session.call(method, params, { timeoutMs: 5_000, retries: 3, ...options });
  }

  async result(
    method: string,
    params: unknown = [],
    options: Partial<CommandOptions> = {},
  ): Promise<unknown> {
    return (await this.call(method, params, options)).result;
  }

  /** The result is `["ok"]` from now on within milliseconds: the token is proven, the answer time measured. */
  async warmUp(method = 'echo'): Promise<void> {
    await this.call(method, ['warm']);
  }

  async close(): Promise<void> {
    this.session.close();
    await this.socket.close();
  }
}

/** A lamp on a free port that also answers `echo` with its params. */
export async function pluggedIn(options: Partial<SimulatedDeviceOptions> = {}): Promise<SimulatedDevice> {
  const device = new SimulatedDevice(
    lamp({ port: 0, ...options, methods: { echo: (params) => params, ...options.methods } }),
  );
  await device.start();
  return device;
}

/** For `assert.rejects`: a MialinkError for this reason. */
export function because(reason: Reason, text = /./): (error: unknown) => boolean {
  return (error) => error instanceof MialinkError && error.reason === reason && text.test(error.message);
}

/** Resolves when the state is reached; at once if it is the state already. */
export function reaches(session: Session, wanted: SessionState): Promise<void> {
  if (session.state === wanted) return Promise.resolve();
  return new Promise((resolve) => {
    const listen = (state: SessionState) => {
      if (state !== wanted) return;
      session.off('state', listen);
      resolve();
    };
    session.on('state', listen);
  });
}

/** Lets time pass in small steps, with room for real datagrams, until `happened`. */
export async function passUntil(clock: SinonFakeTimers, happened: Promise<unknown>): Promise<void> {
  let state: 'waiting' | 'happened' = 'waiting';
  void happened.then(() => {
    state = 'happened';
  });
  for (let step = 0; state === 'waiting' && step < 10_000; step++) {
    await clock.tickAsync(100);
    await nextTurn();
  }
  assert.equal(state, 'happened');
}
