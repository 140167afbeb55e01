import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isSafeFileName } from '../../../../lib/aliyun/ota/download/file-name';
import { type FirmwareNotice, parseFirmware, parseNotice } from '../../../../lib/aliyun/ota/notice';
import { MialinkError } from '../../../../lib/errors';

const md5 = '93230c3bde425a9d7984a594ac55ea1e';
const sha256 = 'a'.repeat(63).concat('B');
const data = {
  size: 432945,
  version: '2.0.0',
  url: 'https://ota.example.com/nopoll_0.4.4.tar.gz?Expires=1502955804&Signature=topsecret',
  signMethod: 'SHA256',
  sign: sha256,
};

const stream = { ...data, url: undefined, dProtocol: 'mqtt', streamId: 1397345, streamFileId: 1 };

function parse(notice: unknown): FirmwareNotice {
  return parseNotice(Buffer.from(JSON.stringify(notice)), 'lamp');
}

function refusal(payload: unknown): MialinkError {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  try {
    parseNotice(Buffer.from(text), 'lamp');
  } catch (error) {
    assert.ok(error instanceof MialinkError);
    assert.equal(error.reason, 'otaNoticeInvalid');
    assert.equal(error.code, 'CODEC');
    assert.doesNotMatch(error.message, /topsecret/);
    return error;
  }
  assert.fail(`accepted: ${text}`);
}

describe('a firmware notice', () => {
  it('is read in the old form of the manual, with md5 alone', () => {
    const { signMethod: _, sign: __, ...old } = data;
    assert.deepEqual(parse({ code: '1000', data: { ...old, md5 }, id: 1507707025, message: 'success' }), {
      id: '1507707025',
      version: '2.0.0',
      module: 'default',
      files: [{ name: 'default-2.0.0.tar.gz', url: data.url, size: 432945, signMethod: 'md5', sign: md5 }],
      isDiff: false,
      extData: undefined,
    });
  });

  it('is refused when it is longer than the cloud may send', () => {
    assert.match(
      refusal({ code: 200, data: { ...data, padding: 'x'.repeat(262_144) } }).message,
      /longer than 262144/,
    );
  });

  it('is refused when it has more than 20 files', () => {
    const file = { fileName: 'a.bin', fileUrl: data.url, fileSize: 1, fileSign: sha256 };
    const several = (count: number) => {
      const { version, signMethod } = data;
      return { code: 200, data: { version, signMethod, files: Array.from({ length: count }, () => file) } };
    };
    assert.equal(parse(several(20)).files.length, 20);
    const problem = refusal(several(21));
    assert.match(problem.message, /more than 20 files/);
    assert.equal(problem.values.version, '2.0.0');
  });

  it('is read in the new form, with all that it may carry', () => {
    const extData = { key1: 'v1', _package_udi: '{"ota_notice":"hello"}' };
    const notice = parse({ code: 200, id: '7', data: { ...data, module: 'MCU', isDiff: 1, extData } });
    assert.deepEqual(notice, {
      id: '7',
      version: '2.0.0',
      module: 'MCU',
      files: [
        {
          name: 'MCU-2.0.0.tar.gz',
          url: data.url,
          size: 432945,
          signMethod: 'sha256',
          sign: sha256.toLowerCase(),
        },
      ],
      isDiff: true,
      extData,
    });
  });

  it('spells the digest method as it likes', () => {
    for (const signMethod of ['SHA256', 'Sha256', 'sha256']) {
      assert.equal(parse({ data: { ...data, signMethod } }).files[0]?.signMethod, 'sha256');
    }
    for (const signMethod of ['Md5', 'MD5', 'md5']) {
      assert.equal(parse({ data: { ...data, signMethod, sign: undefined, md5 } }).files[0]?.sign, md5);
    }
  });

  it('carries several files', () => {
    const files = [
      { fileName: 'boot.bin', fileUrl: 'https://h/1', fileSize: 10, fileSign: sha256, fileMd5: md5 },
      { fileName: 'app', fileUrl: 'https://h/2/app.zip?x', fileSize: '20', fileSign: sha256 },
      { fileUrl: 'https://h/3', fileSize: 30, fileSign: sha256 },
    ];
    const notice = parse({ data: { version: '3', module: 'm', signMethod: 'SHA256', files } });
    assert.deepEqual(
      notice.files.map(({ name, url, size }) => ({ name, url, size })),
      [
        { name: 'm-3+boot.bin', url: 'https://h/1', size: 10 },
        { name: 'm-3+app.zip', url: 'https://h/2/app.zip?x', size: 20 },
        { name: 'm-3+3', url: 'https://h/3', size: 30 },
      ],
    );
  });

  it('says where the file is asked for over MQTT, in place of its address', () => {
    const { sign, size } = data;
    const file = { name: 'default-2.0.0', size, signMethod: 'sha256', sign: sign.toLowerCase() };
    const place = { streamId: 1397345, fileId: 1 };
    assert.deepEqual(parse({ data: stream }).files, [{ ...file, stream: place }]);
  });

  it('carries the signature of the digest, for each file', () => {
    const digestSign = 'c2lnbmF0dXJl';
    assert.equal(parse({ data: { ...data, digestsign: digestSign } }).files[0]?.digestSign, digestSign);
    const file = { fileUrl: data.url, fileSize: 1, fileSign: sha256 };
    const files = [{ ...file, digestsign: digestSign }, file];
    const several = parse({ data: { version: '2', signMethod: 'SHA256', files } });
    assert.deepEqual(
      several.files.map((one) => one.digestSign),
      [digestSign, undefined],
    );
  });

  it('is the data of a reply as well, where there is a firmware', () => {
    assert.deepEqual({ id: undefined, ...parseFirmware(data) }, parse({ data }));
    for (const nothing of [{}, undefined, null, [], 'none']) assert.equal(parseFirmware(nothing), undefined);
    assert.throws(() => parseFirmware({ ...data, size: 0 }, 'lamp'), { reason: 'otaNoticeInvalid' });
  });

  it('drops the key __proto__, at any depth', () => {
    const text = JSON.stringify({ data: { ...data, extData: { safe: { list: [{}] } } } }).replace(
      '"list":[{}]',
      '"list":[{"__proto__":{"evil":1},"ok":2}],"__proto__":3',
    );
    const { extData } = parseNotice(Buffer.from(text));
    assert.equal(JSON.stringify(extData), '{"safe":{"list":[{"ok":2}]}}');
  });

  const bad: [string, unknown, RegExp][] = [
    ['text that is not JSON', '{"url":"https://h/?topsecret', /not JSON/],
    ['a JSON array', [], /not a JSON object/],
    ['an error of the cloud', { code: 429, data }, /code/],
    ['no data', { code: '1000' }, /no data/],
    ['no version', { data: { ...data, version: '' } }, /no version/],
    ['an endless version', { data: { ...data, version: '1'.repeat(129) } }, /version is longer/],
    ['no address', { data: { ...data, url: undefined } }, /no address/],
    ['no size', { data: { ...data, size: undefined } }, /no size/],
    ['a size of zero', { data: { ...data, size: 0 } }, /size/],
    ['a negative size', { data: { ...data, size: -1 } }, /size/],
    ['a broken size', { data: { ...data, size: '12.5' } }, /size/],
    ['a size beyond all disks', { data: { ...data, size: '1e300' } }, /size/],
    ['no digest', { data: { ...data, sign: undefined } }, /no digest/],
    ['md5 in place of the SHA256 it announces', { data: { ...data, sign: undefined, md5 } }, /no digest/],
    ['a digest of the wrong length', { data: { ...data, sign: md5 } }, /64 hexadecimal/],
    ['a digest of other letters', { data: { ...data, sign: 'x'.repeat(64) } }, /64 hexadecimal/],
    ['an unknown digest method', { data: { ...data, signMethod: 'SM3' } }, /signMethod/],
    [
      'a download over MQTT without its file',
      { data: { ...stream, streamFileId: undefined } },
      /no streamFileId/,
    ],
    ['a download over MQTT of a broken number', { data: { ...stream, streamId: '1.5' } }, /streamId is not/],
    ['a file that is none', { data: { ...data, files: [1] } }, /not an object/],
  ];
  for (const [what, notice, cause] of bad) {
    it(`is refused with ${what}`, () => assert.match(refusal(notice).message, cause));
  }

  it('is refused when its extData is nested beyond reason', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const text = JSON.stringify({ data: { ...data, extData: { deep: 0 } } }).replace(
      '"deep":0',
      `"deep":${deep}`,
    );
    assert.match(refusal(text).message, /nested/);
  });

  it('tells in its refusal which upgrade it was about', () => {
    assert.equal(refusal({ data: { ...data, module: 'MCU', size: 0 } }).values.version, '2.0.0');
    assert.equal(refusal({ data: { ...data, module: 'MCU', size: 0 } }).values.module, 'MCU');
    assert.equal(refusal({ data: { size: 1 } }).values.version, undefined);
  });

  it('throws nothing but MialinkError, whatever arrives', () => {
    const bytes = fc.uint8Array().map((array) => Buffer.from(array));
    const anyJson = fc.json().map((text) => Buffer.from(text));
    const field = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(data), 'mqtt', md5, 1));
    const names = [
      ...Object.keys(data),
      'md5',
      'module',
      'isDiff',
      'extData',
      'files',
      'dProtocol',
      'streamId',
    ];
    const nearly = fc
      .dictionary(fc.constantFrom(...names), field)
      .map((fields) => Buffer.from(JSON.stringify({ data: { ...data, ...fields } })));
    fc.assert(
      fc.property(fc.oneof(bytes, anyJson, nearly), (payload) => {
        try {
          const { files } = parseNotice(payload);
          assert.ok(files.length > 0 && files.every((file) => isSafeFileName(file.name)));
        } catch (error) {
          assert.ok(error instanceof MialinkError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});
