import assert from 'node:assert/strict';
import sinon from 'sinon';
import { Pace, type Step, StepSender } from '../../../../lib/aliyun/ota/progress';

describe('the pace of progress', () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers();
  });
  afterEach(() => clock.restore());

  it('begins at once with 1 percent', () => assert.equal(new Pace().next(0, 1000), 1));

  it('goes on when the whole percent changes, and not before 3 s are over', () => {
    const pace = new Pace();
    pace.next(0, 1000);
    clock.tick(2999);
    assert.equal(pace.next(500, 1000), undefined);
    clock.tick(1);
    assert.equal(pace.next(19, 1000), undefined);
    assert.equal(pace.next(20, 1000), 2);
    assert.equal(pace.next(999, 1000), undefined);
    clock.tick(3000);
    assert.equal(pace.next(29, 1000), undefined);
    assert.equal(pace.next(30, 1000), 3);
  });

  it('keeps 100 percent for what is verified', () => {
    const pace = new Pace();
    assert.equal(pace.next(1000, 1000), 99);
  });

  it('does not stand still when the time of day jumps back', () => {
    const pace = new Pace();
    pace.next(0, 100);
    clock.tick(3000);
    clock.setSystemTime(0);
    assert.equal(pace.next(50, 100), 50);
  });
});

describe('the sender of steps', () => {
  interface Attempt {
    step: number;
    succeed(): void;
    fail(): void;
  }
  let attempts: Attempt[];
  let sender: StepSender;

  beforeEach(() => {
    attempts = [];
    sender = new StepSender(
      ({ step }: Step) =>
        new Promise((resolve, reject) => {
          attempts.push({ step, succeed: resolve, fail: () => reject(new Error('away')) });
        }),
    );
  });

  const steps = () => attempts.map(({ step }) => step);
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('sends one after the other, and of those that wait only the newest', async () => {
    const first = sender.send({ step: 1, desc: '' });
    sender.send({ step: 2, desc: '' });
    const last = sender.send({ step: 3, desc: '' });
    assert.deepEqual(steps(), [1]);
    attempts[0]?.succeed();
    await settled();
    assert.deepEqual(steps(), [1, 3]);
    attempts[1]?.succeed();
    await Promise.all([first, last]);
    await sender.connected();
    assert.deepEqual(steps(), [1, 3]);
  });

  it('keeps what could not be sent for the next connect, and then sends it once', async () => {
    const sent = sender.send({ step: -2, desc: '' });
    attempts[0]?.fail();
    await sent;
    const again = sender.connected();
    assert.deepEqual(steps(), [-2, -2]);
    attempts[1]?.succeed();
    await again;
    await sender.connected();
    assert.deepEqual(steps(), [-2, -2]);
  });

  it('never sends an older step after a newer one', async () => {
    sender.send({ step: 1, desc: '' });
    sender.send({ step: 2, desc: '' });
    attempts[0]?.fail();
    await settled();
    assert.deepEqual(steps(), [1, 2]);
    attempts[1]?.fail();
    await settled();
    sender.connected();
    assert.deepEqual(steps(), [1, 2, 2]);
  });

  it('tries again at once when a connection came while it tried on the old one', async () => {
    sender.send({ step: -3, desc: '' });
    sender.connected();
    attempts[0]?.fail();
    await settled();
    assert.deepEqual(steps(), [-3, -3]);
  });

  it('sends a step that comes in the moment another was sent', async () => {
    let following: Promise<void> | undefined;
    const first = sender.send({ step: 1, desc: '' }).then(() => {
      following = sender.send({ step: 2, desc: '' });
    });
    attempts[0]?.succeed();
    await first;
    assert.deepEqual(steps(), [1, 2]);
    attempts[1]?.succeed();
    await following;
  });

  it('cuts what is too long, and no character in two', async () => {
    const texts: string[] = [];
    const brief = new StepSender(async ({ desc }) => void texts.push(desc));
    await brief.send({ step: 1, desc: 'x'.repeat(300_000) });
    await brief.send({ step: 2, desc: `${'x'.repeat(255)}\u{1F4A1}` });
    assert.deepEqual(texts, ['x'.repeat(256), 'x'.repeat(255)]);
  });

  it('tells of a failure as long as it waits', async () => {
    const told: unknown[] = [];
    sender.onUnsent((failure) => told.push(failure?.step));
    const sent = sender.send({ step: 5, desc: '' });
    sender.send({ step: -4, desc: '' });
    assert.deepEqual(told, [-4]);
    attempts[0]?.succeed();
    await settled();
    assert.deepEqual(told, [-4]);
    attempts[1]?.succeed();
    await sent;
    assert.deepEqual(told, [-4, undefined]);
  });

  it('still tells of a failure that was dropped: it is not sent', async () => {
    const told: unknown[] = [];
    sender.onUnsent((failure) => told.push(failure?.step));
    const sent = sender.send({ step: -4, desc: '' });
    sender.drop();
    attempts[0]?.succeed();
    await sent;
    assert.deepEqual(told, [-4]);
  });

  it('forgets what waits when it is told to', async () => {
    const sent = sender.send({ step: 1, desc: '' });
    sender.drop();
    attempts[0]?.fail();
    await sent;
    await sender.connected();
    assert.deepEqual(steps(), [1]);
  });
});
