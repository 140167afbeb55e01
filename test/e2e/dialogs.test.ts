/** The way of a person from an empty device to a node that works, in the dialogs, and what becomes of the secrets. */
import assert from 'node:assert/strict';
import { Cloud } from '../simulators/cloud';
import { Home, lamp, type SimulatedDevice } from '../simulators/home';
import { assertKeptSecret, EDITORS, type Editor, useEditor } from '../support/editor';
import type { FlowNode } from '../support/node-red';

const TRIPLE = {
  productKey: 'a1EditorPk',
  deviceName: 'lamp-1',
  deviceSecret: '5ec2e7000111222333444555666777a8',
};
const TSL = {
  properties: [
    { identifier: 'LampPower', name: 'Power', accessMode: 'rw', dataType: { type: 'bool', specs: {} } },
  ],
  events: [{ identifier: 'LowPower', name: 'Battery low', type: 'alert', outputData: [] }],
  services: [],
};
const WRONG_TOKEN = 'ab'.repeat(16);
/** What the editor is told of a password that is stored. */
const STORED = '__PWRD__';

for (const version of EDITORS) {
  describe(`the dialogs of the devices in Node-RED ${version}`, function () {
    this.timeout(60_000);
    let home: Home;
    let device: SimulatedDevice;
    let cloud: Cloud;
    before(async () => {
      home = await Home.start([lamp({ port: 0 })]);
      device = home.devices[0] ?? assert.fail('the home has a lamp');
      cloud = await Cloud.start({ devices: [TRIPLE] });
    });
    const opened = useEditor(version, flow());
    after(async () => {
      await cloud?.close();
      await home?.close();
    });

    it('say what is wrong with the settings of a miio device', async () => {
      const { editor } = opened;
      await editor.openDialog('command');
      await editor.openDevice('add');
      await editor.page.locator('.miio-device-more summary').click();
      await editor.fill('address', 'the lamp');
      await editor.fill('port', '70000');
      await editor.fill('token', 'xyz');
      await editor.complaint('address', 'Address: enter an IP address or a host name');
      await editor.complaint('port', 'Port: enter a number from 1 to 65535');
      await editor.complaint('token', 'Token: enter its 32 hexadecimal digits');
      await editor.screenshot('dialog-miio-device-wrong');
    });

    it('test a miio device with the values as typed: first a wrong token, then the right one', async () => {
      const { editor } = opened;
      await editor.fill('address', device.address);
      await editor.fill('port', String(device.port));
      await editor.fill('token', WRONG_TOKEN);
      const refusal = await testAnswer(editor, '.miio-device-bad');
      assert.match(refusal, /token/);
      assert.ok(!refusal.includes(WRONG_TOKEN));
      await editor.screenshot('dialog-miio-device-refused');
      await editor.fill('token', device.token);
      assert.equal(
        await testAnswer(editor, '.miio-device-good'),
        `The device answered: yeelink.light.lamp1, firmware 1.0.0, device id ${device.did}`,
      );
      for (const name of ['port', 'timeoutMs', 'retries']) await editor.fill(name, '');
      assert.equal(
        await editor.page.locator('.input-error:visible').count(),
        0,
        'a blank number is its default',
      );
      await editor.fill('port', String(device.port));
      await editor.screenshot('dialog-miio-device');
      await editor.closeDevice('ok');
      await editor.closeDialog('ok');
    });

    it('say what is wrong with the settings of an aliyun device', async () => {
      const { editor } = opened;
      await editor.openDialog('property');
      await editor.complaint('device', 'Device: choose one');
      await editor.openDevice('add');
      await editor.page.locator('.aliyun-device-more summary').click();
      await editor.fill('deviceName', 'a b');
      await editor.fill('endpoint', 'mqtts://x');
      await editor.fill('keepalive', '7');
      await editor.complaint('deviceName', 'DeviceName: enter 4 to 32 letters, digits or - _ @ . :');
      await editor.complaint('endpoint', 'Endpoint: enter host or host:port, or leave it blank');
      await editor.complaint('keepalive', 'Keepalive: enter a number of seconds from 30 to 1200');
      await editor.screenshot('dialog-aliyun-device-wrong');
    });

    it('take the triple, the endpoint and a pasted CA', async () => {
      const { editor } = opened;
      for (const [name, value] of Object.entries(TRIPLE)) await editor.fill(name, value);
      await editor.fill('endpoint', `127.0.0.1:${cloud.tlsPort}`);
      await editor.fill('ca', cloud.ca);
      await editor.fill('keepalive', '300');
      assert.equal(await editor.page.locator('.input-error:visible').count(), 0);
      await editor.screenshot('dialog-aliyun-device');
    });

    it('show of an aliyun device what its choices need, and no more', async () => {
      const { editor } = opened;
      const isShown = (name: string) => editor.field(name).isVisible();
      const depending = ['clientCert', 'clientKey', 'productSecret', 'authEndpoint', 'outboxSizeMb'];
      for (const name of depending) assert.equal(await isShown(name), false, name);
      const oneWay = editor.page.getByText('There is no way back: a device');
      assert.equal(await oneWay.isVisible(), false);
      await editor.field('signIn').selectOption('x509');
      assert.equal(await isShown('deviceSecret'), false);
      await editor.complaint('clientCert', 'Certificate: paste it in PEM, or enter the path of its file');
      await editor.field('registration').selectOption('https');
      await editor.complaint('registration', 'Registration: choose none, as X.509 needs no secret');
      await editor.field('mqttVersion').selectOption('5');
      await editor.field('outbox').selectOption('file');
      for (const name of depending) assert.equal(await isShown(name), true, name);
      assert.equal(await oneWay.isVisible(), true);
      await editor.field('signIn').scrollIntoViewIfNeeded();
      await editor.screenshot('dialog-aliyun-device-all');
      await editor.field('outboxAgeHours').scrollIntoViewIfNeeded();
      await editor.screenshot('dialog-aliyun-device-end');
      const usual = { signIn: 'secret', registration: 'none', mqttVersion: '4', outbox: 'memory' };
      for (const [name, choice] of Object.entries(usual)) await editor.field(name).selectOption(choice);
      assert.equal(await editor.page.locator('.input-error:visible').count(), 0);
    });

    it('test an aliyun device with the values as typed: first a wrong secret, then the right one', async () => {
      const { editor } = opened;
      await editor.field('bootstrap').check();
      await editor.fill('authEndpoint', `127.0.0.1:${cloud.authPort}`);
      await editor.field('bootstrap').uncheck();
      await editor.fill('deviceSecret', WRONG_TOKEN);
      const refusal = await cloudAnswer(editor, '.aliyun-device-bad');
      assert.match(refusal, /lamp-1 .*DeviceSecret is wrong/);
      assert.ok(!refusal.includes(WRONG_TOKEN));
      await editor.screenshot('dialog-aliyun-device-refused');
      await editor.fill('deviceSecret', TRIPLE.deviceSecret);
      assert.match(
        await cloudAnswer(editor, '.aliyun-device-good'),
        /^Signed in to 127\.0\.0\.1 within \d+ ms/,
      );
      await editor.fill('thingModel', JSON.stringify(TSL));
      await editor.closeDevice('ok');
      await editor.closeDialog('ok');
    });

    it('offer the events of the thing model, also before the deploy', async () => {
      const { editor } = opened;
      await editor.openDialog('event');
      await editor.page.locator('#node-input-device').selectOption({ label: TRIPLE.deviceName });
      const asked = editor.page.waitForResponse(/aliyun-device\/model/);
      await editor.page.locator('#node-input-device').dispatchEvent('change');
      await asked;
      await editor.field('event').click();
      await editor.page.keyboard.type('batt');
      await editor.page.getByText('LowPower · Battery low').waitFor();
      await editor.screenshot('dialog-aliyun-event');
      await editor.page.getByText('LowPower · Battery low').click();
      assert.equal(await editor.field('event').inputValue(), 'LowPower');
      await editor.closeDialog('ok');
    });

    it('lead to nodes that are connected after the deploy, and do their work', async () => {
      const { editor } = opened;
      await editor.deploy();
      await editor.status('command').getByText('connected', { exact: true }).waitFor();
      await editor.status('property').getByText('connected', { exact: true }).waitFor();
      assert.match(await editor.inject('read'), /"off".*80/s);
      await editor.status('command').getByText('done', { exact: true }).waitFor();
      assert.match(await editor.inject('post'), /code: 200/);
      assert.equal(cloud.device(TRIPLE.deviceName).properties.LampPower?.value, 1);
      await editor.screenshot('deployed');
    });

    it('keep the token, and test with it when they are opened again', async () => {
      const { editor } = opened;
      await assertKeptSecret(opened, device.token);
      await editor.openDialog('command');
      await editor.openDevice('edit');
      await assertStored(editor, 'token');
      assert.match(await testAnswer(editor, '.miio-device-good'), /yeelink\.light\.lamp1/);
      await editor.fill('token', '');
      assert.match(await testAnswer(editor, '.miio-device-bad'), /token is missing/);
      await editor.closeDevice('cancel');
      await editor.closeDialog('cancel');
    });

    it('keep the DeviceSecret', async () => {
      const { editor } = opened;
      await assertKeptSecret(opened, TRIPLE.deviceSecret);
      await editor.openDialog('property');
      await editor.openDevice('edit');
      await assertStored(editor, 'deviceSecret');
      const said = await cloudAnswer(editor, '.aliyun-device-good');
      assert.equal(said, 'The deployed device is connected to 127.0.0.1 with these settings');
      await editor.page.locator('#aliyun-device-report').click();
      const report = editor.page.locator('#aliyun-device-answer textarea');
      await report.waitFor();
      const { versions, settings, state } = JSON.parse(await report.inputValue());
      assert.ok(versions.nodeRed.startsWith(version));
      assert.deepEqual([settings.deviceSecret, settings.outbox, state], ['set', 'memory', 'connected']);
      await editor.screenshot('dialog-aliyun-device-report');
      await editor.closeDevice('cancel');
      await editor.closeDialog('cancel');
    });
  });
}

/** Presses *Test* in the dialog of a miio device; the answer in its good or its bad words. */
async function testAnswer(editor: Editor, words: string): Promise<string> {
  await editor.page.locator('#miio-device-test').click();
  return editor.page.locator(`#miio-device-test-answer ${words}`).innerText();
}

/** Presses *Test* in the dialog of an aliyun device. */
async function cloudAnswer(editor: Editor, words: string): Promise<string> {
  await editor.page.locator('#aliyun-device-test').click();
  return editor.page.locator(`#aliyun-device-answer ${words}`).innerText();
}

/** The field of the open dialog shows that there is a secret, not which. */
async function assertStored(editor: Editor, name: string): Promise<void> {
  assert.equal(await editor.field(name).inputValue(), STORED);
  assert.equal(await editor.field(name).getAttribute('type'), 'password');
  assert.equal(await editor.page.locator('.input-error:visible').count(), 0);
}

function flow(): FlowNode[] {
  const place = { z: 'tab', x: 320 };
  const method = { method: 'get_prop', methodType: 'str', params: '["power","bright"]', paramsType: 'json' };
  const payload = { props: [{ p: 'payload' }], payload: '{"LampPower":1}', payloadType: 'json' };
  return [
    inject('read', 100, 'command', { props: [] }),
    { ...place, id: 'command', type: 'miio-command', y: 100, ...method, wires: [['answer']] },
    debug('answer', 100, 'payload'),
    inject('post', 200, 'property', payload),
    { ...place, id: 'property', type: 'aliyun-property', y: 200, wires: [['reply'], []] },
    debug('reply', 200, 'aliyun'),
    { ...place, id: 'event', type: 'aliyun-event', y: 300, wires: [[]] },
  ];
}

function inject(id: string, y: number, to: string, settings: Record<string, unknown>): FlowNode {
  const when = { repeat: '', once: false };
  return { id, type: 'inject', z: 'tab', name: id, x: 120, y, ...when, ...settings, wires: [[to]] };
}

function debug(id: string, y: number, complete: string): FlowNode {
  const shown = { active: true, tosidebar: true, complete, targetType: 'msg' };
  return { id, type: 'debug', z: 'tab', name: id, x: 560, y, ...shown, wires: [] };
}
