import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeAcknowledgement, readReport } from '../../../../lib/miio/push/report';

const changed = (params: unknown) => readReport({ id: 1, method: 'properties_changed', params });
const occurred = (params: unknown) => readReport({ id: 1, method: 'event_occured', params });

describe('a report of a MIoT device', () => {
  it('tells new values, null and false too', () => {
    const report = changed([
      { did: '400000004', siid: 2, piid: 1, value: false },
      { did: '400000004', siid: 3, piid: 7, value: null, extra: 1 },
    ]);
    assert.deepEqual(report, {
      kind: 'properties',
      properties: [
        { siid: 2, piid: 1, value: false },
        { siid: 3, piid: 7, value: null },
      ],
    });
  });

  it('tells an event and its arguments', () => {
    assert.deepEqual(occurred({ did: '4', siid: 3, eiid: 1, arguments: [{ piid: 1, value: true }] }), {
      kind: 'event',
      event: { siid: 3, eiid: 1, arguments: [{ piid: 1, value: true }] },
    });
    assert.deepEqual(occurred({ did: '4', siid: 3, eiid: 1 }), {
      kind: 'event',
      event: { siid: 3, eiid: 1, arguments: [] },
    });
  });

  it('leaves out items that are none', () => {
    const good = { siid: 2, piid: 1, value: 1 };
    const bad = [null, 7, [], { siid: 2 }, { siid: 2, piid: 1 }, { siid: '2', piid: 1, value: 1 }];
    const numbers = [0, -1, 1.5, Number.NaN].map((piid) => ({ siid: 2, piid, value: 1 }));
    assert.deepEqual(changed([...bad, good, ...numbers]), { kind: 'properties', properties: [good] });
    const list = [null, 7, [], { piid: 1 }, { piid: '1', value: 1 }, { piid: 2, value: 0 }];
    const event = occurred({ siid: 3, eiid: 1, arguments: list });
    assert.deepEqual(event?.kind === 'event' && event.event.arguments, [{ piid: 2, value: 0 }]);
  });

  it('is nothing else', () => {
    assert.equal(readReport({ id: 1, method: 'props', params: [{ siid: 2, piid: 1, value: 1 }] }), undefined);
    assert.equal(readReport({ id: 1, method: 'miIO.sub', params: { code: 0 } }), undefined);
    assert.equal(occurred([{ siid: 3, eiid: 1 }]), undefined);
    assert.equal(occurred({ siid: 3 }), undefined);
    assert.deepEqual(changed({ siid: 2, piid: 1, value: 1 }), { kind: 'properties', properties: [] });
  });

  it('is acknowledged with its id', () => {
    assert.equal(encodeAcknowledgement(12).toString(), '{"id":12,"result":{"code":0}}');
  });

  it('is read from any params without a throw, and its numbers are whole', () => {
    const method = fc.constantFrom('properties_changed', 'event_occured');
    const item = fc.record(
      {
        siid: fc.jsonValue(),
        piid: fc.oneof(fc.jsonValue(), fc.nat()),
        eiid: fc.nat(),
        value: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const params = fc.oneof(fc.jsonValue(), fc.array(item), item);
    fc.assert(
      fc.property(method, params, (name, value) => {
        const report = readReport({ id: 1, method: name, params: value });
        const numbers =
          report?.kind === 'event'
            ? [report.event.siid, report.event.eiid]
            : (report?.properties ?? []).flatMap(({ siid, piid }) => [siid, piid]);
        assert.ok(numbers.every((number) => Number.isInteger(number) && number > 0));
      }),
    );
  });
});
