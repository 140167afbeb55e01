import assert from 'node:assert/strict';
import sinon from 'sinon';
import { Patience } from '../../../../../lib/aliyun/ota/download/patience';
import { Interruption, Outage } from '../../../../../lib/aliyun/ota/download/source';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe('the patience of a download', () => {
  let time: sinon.SinonFakeTimers;
  let patience: Patience;

  beforeEach(() => {
    time = sinon.useFakeTimers({ toFake: ['performance', 'Date'] });
    patience = new Patience(2, DAY);
  });
  afterEach(() => time.restore());

  const answered = () => patience.allows(new Interruption('the server answered HTTP 503'));
  const away = () => patience.allows(new Outage('connect ECONNREFUSED'));

  /** A try a minute, that reaches nobody. */
  function outage(ms: number): boolean {
    for (const end = time.now + ms; time.now < end; time.tick(MINUTE)) if (!away()) return false;
    return true;
  }

  it('has so many retries for answers that bring nothing', () => {
    assert.deepEqual([answered(), answered(), answered()], [true, true, false]);
  });

  it('lasts a day when nobody is there, and the retries after that', () => {
    assert.ok(outage(DAY));
    assert.deepEqual([away(), away(), away()], [true, true, false]);
  });

  it('has all retries left when the server is back', () => {
    assert.ok(outage(DAY / 2));
    assert.deepEqual([answered(), answered(), answered()], [true, true, false]);
  });

  it('lasts for each outage anew', () => {
    assert.ok(outage(DAY - MINUTE));
    answered();
    assert.ok(outage(DAY - MINUTE));
  });

  it('is new when the download has got further', () => {
    answered();
    answered();
    outage(DAY);
    patience.renew();
    assert.deepEqual([answered(), answered()], [true, true]);
    assert.ok(away());
  });

  it('does not end when the clock is set', () => {
    assert.ok(away());
    time.setSystemTime(time.now + 50 * 365 * DAY);
    assert.ok(outage(MINUTE * 10));
  });
});
