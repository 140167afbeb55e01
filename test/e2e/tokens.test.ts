/** The way of a token from a person's file into the dialog of miio-device, and where it is seen on that way. */
import assert from 'node:assert/strict';
import { LAMP, PASSWORD, PLUG, useFixtures } from '../lib/miio/tokens/fixtures';
import { assertKeptSecret, EDITORS, type Editor, useEditor } from '../support/editor';

const COMMAND = { id: 'command', type: 'miio-command', z: 'tab', x: 200, y: 80, wires: [[]] };
const TOKENS = [LAMP.token, PLUG.token];

for (const version of EDITORS) {
  describe(`tokens from a file, in Node-RED ${version}`, function () {
    this.timeout(60_000);
    const opened = useEditor(version, [COMMAND]);
    const fixtures = useFixtures();
    const answers: { url: URL; text: Promise<string> }[] = [];
    before(() => {
      opened.editor.page.on('response', (response) => {
        const isEmpty = response.status() === 204;
        answers.push({ url: new URL(response.url()), text: isEmpty ? Promise.resolve('') : response.text() });
      });
    });

    const answer = () => opened.editor.page.locator('#miio-device-tokens-answer');

    /** As a person does it, with the button. */
    async function chooseFile(name: string): Promise<void> {
      const chooser = opened.editor.page.waitForEvent('filechooser');
      await opened.editor.page.locator('#miio-device-tokens').click();
      await (await chooser).setFiles(fixtures.file(name));
    }

    /** Everything the page has got since the tests began, by its path. */
    async function pathsWith(secret: string): Promise<string[]> {
      const paths: string[] = [];
      for (const { url, text } of answers) if ((await text).includes(secret)) paths.push(url.pathname);
      return paths;
    }

    it('are offered by the names of their devices, and not shown', async () => {
      const { editor } = opened;
      await editor.openDialog('command');
      await editor.openDevice('add');
      await editor.screenshot('tokens-before');
      await chooseFile('android.sqlite');
      await assertOffered(editor);
      await editor.screenshot('tokens-offered');
      for (const token of TOKENS) {
        assert.ok(!(await seen(editor)).includes(token));
        assert.deepEqual(await pathsWith(token), []);
      }
    });

    it('fill the dialog when one is chosen, which goes into the password field and nowhere else', async () => {
      const { editor } = opened;
      await answer().getByRole('button', { name: PLUG.name }).click();
      await answer().getByText(`The token of ${PLUG.name} is filled in.`).waitFor();
      await editor.screenshot('tokens-filled');
      for (const name of ['address', 'deviceId', 'model', 'token'] as const) {
        assert.equal(await editor.field(name).inputValue(), PLUG[name]);
      }
      assert.equal(await editor.field('token').getAttribute('type'), 'password');
      assert.equal(await editor.page.locator('.input-error:visible').count(), 0);
      assert.deepEqual(await fieldsWith(editor, PLUG.token), ['node-config-input-token']);
      assert.ok(!(await seen(editor)).includes(PLUG.token));
      assert.deepEqual(await pathsWith(PLUG.token), ['/miio-device/tokens/choose']);
      assert.deepEqual(await pathsWith(LAMP.token), []);
    });

    it('are kept as a credential after the deploy', async () => {
      const { editor } = opened;
      // Not into the network of whoever runs the tests.
      await editor.fill('address', '127.54.8.3');
      await editor.closeDevice('ok');
      await editor.closeDialog('ok');
      await editor.deploy();
      await assertKeptSecret(opened, PLUG.token);
      assert.deepEqual(await pathsWith(PLUG.token), ['/miio-device/tokens/choose']);
    });

    it('of an encrypted backup wait for its password', async () => {
      const { editor } = opened;
      await editor.openDialog('command');
      await editor.openDevice('add');
      await chooseFile('encrypted-5.ab');
      await answer().getByText('encrypted-5.ab is encrypted; enter the password').waitFor();
      await editor.screenshot('tokens-encrypted');
      const password = answer().getByPlaceholder('Password of the backup');
      assert.equal(await password.getAttribute('type'), 'password');
      await password.fill(`not ${PASSWORD}`);
      await answer().getByRole('button', { name: 'Open' }).click();
      await answer().getByText('the password does not open encrypted-5.ab').waitFor();
      await editor.screenshot('tokens-wrong-password');
      await password.fill(PASSWORD);
      await password.press('Enter');
      await assertOffered(editor);
      assert.equal(await password.count(), 0);
      assert.ok(answers.every(({ url }) => !decodeURI(url.href).includes(PASSWORD)));
      assert.deepEqual(await pathsWith(PASSWORD), []);
      assert.ok(!opened.nodeRed.log.join('\n').includes(PASSWORD));
    });

    it('that are not there are told in a sentence, and no field is filled', async () => {
      const { editor } = opened;
      await chooseFile('hidden.sqlite');
      await answer().getByText('hidden.sqlite holds no token').waitFor();
      await editor.screenshot('tokens-none');
      assert.equal(await editor.field('token').inputValue(), '');
      await editor.closeDevice('cancel');
      await editor.closeDialog('cancel');
    });

    async function assertOffered(editor: Editor): Promise<void> {
      const buttons = answer().locator('.miio-device-found button');
      await buttons.first().waitFor();
      const expected = [LAMP, PLUG].map(({ name, model, address, mac }) =>
        [name, [model, address, mac].join(' · ')].join('\n'),
      );
      assert.deepEqual(await buttons.allInnerTexts(), expected);
      assert.equal(await editor.field('token').inputValue(), '');
    }
  });
}

/** What the page says and what its source has; not what stands in its fields. */
async function seen({ page }: Editor): Promise<string> {
  return `${await page.locator('body').innerText()}\n${await page.content()}`;
}

/** The ids of the fields in which this stands. */
async function fieldsWith({ page }: Editor, text: string): Promise<string[]> {
  return page.locator('input, textarea, select').evaluateAll(idsOfFieldsWith, text);
}

/** Runs in the page. */
function idsOfFieldsWith(fields: { id: string; value?: string }[], text: string): string[] {
  return fields.filter(({ value }) => value?.includes(text)).map(({ id }) => id);
}
