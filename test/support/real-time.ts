/** After each test time is real again, or that test fails: a clock left behind would stop all that come after it. */
import assert from 'node:assert/strict';
import sinon from 'sinon';

/** What a clock of sinon replaces. */
const now = () => ({
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
  setImmediate,
  clearImmediate,
  Date,
  performance,
  'performance.now': performance.now,
});
const real = now();

export const mochaHooks = {
  afterEach(): void {
    sinon.restore();
    for (const [name, value] of Object.entries(now()))
      assert.ok(value === real[name as keyof typeof real], `the test has left ${name} to a clock of its own`);
  },
};
