/** Another outbox is chosen while one holds posts: they move, or the node says where they are. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AliyunDevice } from '../../lib/aliyun';
import type { MialinkError } from '../../lib/errors';
import { readSetup } from '../../nodes/aliyun-device-settings';
import { AliyunDevices, type Owner } from '../../nodes/aliyun-devices';

type Choice = 'off' | 'memory' | 'file';

/** Nobody listens there. */
const FIELDS = { productKey: 'a1b2c3d4e5f', deviceName: 'lamp-1', endpoint: '127.0.0.1:1' };

describe('the outbox of an aliyun-device, when another one is chosen', () => {
  let devices: AliyunDevices;
  let userDir: string;
  let warnings: MialinkError[];
  let heard: () => void;
  const owner: Owner = {
    logger: {
      debug: () => undefined,
      warn: (problem) => {
        warnings.push(problem);
        heard();
      },
    },
    isUsedBy: () => false,
    onRefused: () => undefined,
  };

  beforeEach(async () => {
    devices = new AliyunDevices();
    userDir = await mkdtemp(join(tmpdir(), 'mialink-'));
    warnings = [];
    heard = () => undefined;
  });
  afterEach(() => rm(userDir, { recursive: true }));

  /** A deploy with this choice, undone afterwards. */
  async function withOutbox(outbox: Choice, work: (device: AliyunDevice) => Promise<void>): Promise<void> {
    warnings = [];
    const device = devices.take(readSetup({ ...FIELDS, outbox }, { deviceSecret: 'abc' }), owner, userDir);
    await work(device);
    await devices.release(device, owner);
  }

  /** Keeps so many posts. */
  async function keep(outbox: Choice, count: number): Promise<void> {
    await withOutbox(outbox, async (device) => {
      for (let n = 0; n < count; n++) assert.deepEqual(await device.postProperties({ n }), { queued: true });
    });
  }

  const said = (reason: string) => warnings.filter((one) => one.reason === reason);

  /** Resolves with what is said of this reason, when something is. */
  async function whenSaid(reason: string): Promise<string> {
    while (said(reason).length === 0) {
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
    return said(reason)
      .map(({ message }) => message)
      .join('\n');
  }

  for (const chosen of ['memory', 'off'] as const) {
    it(`says, with the outbox ${chosen}, that posts are on disk, how many and what to do`, async () => {
      await keep('file', 3);
      await withOutbox(chosen, async () => {
        const text = await whenSaid('outboxLeft');
        assert.match(
          text,
          /^lamp-1 .* on disk \(3 in .*aliyun-outbox.*lamp-1\) .* choose “kept on disk” again/,
        );
      });
      assert.equal(said('outboxLeft').length, 1);
    });
  }

  it('says, with the outbox off, that posts are in memory, how many and what to do', async () => {
    await keep('memory', 2);
    await withOutbox('off', async () => {
      assert.match(
        await whenSaid('outboxLeft'),
        /^lamp-1 .* in memory \(2\) .* choose “kept in memory” again/,
      );
    });
  });

  it('moves what is in memory to the disk, behind what is there, and has nothing to say', async () => {
    await keep('file', 1);
    await keep('memory', 2);
    await withOutbox('file', async (device) => {
      await device.postProperties({ n: 'new' });
      assert.equal(device.waiting.kept, 4);
    });
    assert.deepEqual(said('outboxLeft'), []);
    await withOutbox('off', async () => {
      assert.match(await whenSaid('outboxLeft'), /on disk \(4 in/);
    });
    assert.equal(said('outboxLeft').length, 1, 'none is in memory any more');
  });

  it('says when it cannot see whether posts are left', async () => {
    await mkdir(join(userDir, 'aliyun-outbox'));
    await writeFile(join(userDir, 'aliyun-outbox', FIELDS.productKey), 'a file where a directory should be');
    await withOutbox('off', async () => {
      assert.match(await whenSaid('outboxFailed'), /cannot use .*aliyun-outbox.*ENOTDIR/);
    });
  });

  it('makes no directory for a device that has never had one', async () => {
    await withOutbox('off', async () => {
      await whenSaid('connectionFailed');
    });
    assert.deepEqual(await readdir(userDir), []);
  });
});
