/**
 * The admin routes behind the dialogs, each with the fields as typed and the config node's `id`. A password that was not
 * touched is the deployed one. No answer carries a secret.
 *
 *   POST /aliyun-device/test     -> {ok: true, host, ms, deployed?} | {ok: false, error, forgettable?}
 *   POST /aliyun-device/forget   -> {ok: true}: what a registration has given is forgotten
 *   POST /aliyun-device/report   {id} -> {text}: a debug report of the deployed node
 *   POST /aliyun-device/model    -> {properties, events, services}, each [{identifier, name, …}, …]
 */
import type { NodeAPI } from 'node-red';
import { ThingModel } from '../lib/aliyun';
import { diagnose } from '../lib/aliyun/diagnosis';
import { FROM_CLOUD } from '../lib/aliyun/model';
import type { MialinkError } from '../lib/errors';
import type { AliyunDeviceNode } from './aliyun-device';
import { debugReport } from './aliyun-device-report';
import {
  type Fields,
  readSetup,
  readThingModel,
  SECRETS,
  type Secrets,
  type Setup,
} from './aliyun-device-settings';
import { registrationOf } from './aliyun-device-storage';
import { type AliyunDevices, differingField, type OpenDevice } from './aliyun-devices';
import { adminPost, asText, fromEnvironment, inUsersLanguage, isRecord } from './runtime';

/** What the editor sends for a password that it does not know. */
const STORED_PASSWORD = '__PWRD__';

const NOTHING = { properties: [], events: [], services: [] };

export function registerRoutes(RED: NodeAPI, devices: AliyunDevices, userDir: string): void {
  adminPost(RED, '/aliyun-device/test', 'aliyun-device.write', async (body) => {
    try {
      const setup = setupTyped(RED, body);
      const outcome = await test(setup, devices.find(setup.settings.triple), userDir);
      if (outcome.ok) return outcome;
      const error = inUsersLanguage(RED, outcome.problem).message;
      return { ok: false, error, forgettable: isForgettable(setup, outcome.problem, userDir) };
    } catch (error) {
      return { ok: false, error: inUsersLanguage(RED, error).message };
    }
  });

  adminPost(RED, '/aliyun-device/forget', 'aliyun-device.write', async (body) => {
    await registrationOf(setupTyped(RED, body).settings, userDir)?.forget();
    return { ok: true };
  });

  adminPost(RED, '/aliyun-device/report', 'aliyun-device.read', async ({ id }) => ({
    text: debugReport(RED, deployedNode(RED, id), devices),
  }));

  adminPost(RED, '/aliyun-device/model', 'aliyun-device.write', async (body) => {
    const fields: Fields = fieldsTyped(RED, body);
    const [productKey, deviceName] = [asText(fields.productKey), asText(fields.deviceName)];
    const thingModel = readThingModel(fields, deviceName);
    if (thingModel === FROM_CLOUD) {
      return devices.find({ productKey, deviceName })?.device.model?.identifiers ?? NOTHING;
    }
    return thingModel === '' ? NOTHING : ThingModel.parse(thingModel, deviceName).identifiers;
  });
}

type Outcome =
  | { ok: true; host: string; ms?: number; deployed?: boolean }
  | { ok: false; problem: MialinkError };

/** A second sign-in would throw out the device that is open: its state tells as much, if the settings are the same. */
async function test(setup: Setup, open: OpenDevice | undefined, userDir: string): Promise<Outcome> {
  const { settings, thingModel } = setup;
  if (thingModel !== '' && thingModel !== FROM_CLOUD) ThingModel.parse(thingModel, settings.label);
  const known = open && differingField(setup, open.setup) === undefined ? open.device : undefined;
  if (known?.state === 'connected') return { ok: true, host: settings.endpoint.host, deployed: true };
  if (known?.problem?.reason === 'sessionTaken') return { ok: false, problem: known.problem };
  const registration = registrationOf(settings, userDir);
  return diagnose(settings, {
    credentials: registration && ((signal) => registration.credentials(signal)),
    // The one that is open comes back as soon as it is thrown out.
    ...(open && { stayMs: 0 }),
  });
}

/** What a registration has given serves no more once the device was reset or deleted in the console. */
function isForgettable({ settings }: Setup, { reason }: MialinkError, userDir: string): boolean {
  const isRefused = reason === 'signInRefused' || reason === 'authRefused';
  return isRefused && registrationOf(settings, userDir) !== undefined;
}

function deployedNode(RED: NodeAPI, id: unknown): AliyunDeviceNode | undefined {
  const node = RED.nodes.getNode(asText(id));
  return node?.type === 'aliyun-device' ? (node as AliyunDeviceNode) : undefined;
}

function setupTyped(RED: NodeAPI, body: Record<string, unknown>): Setup {
  const typed: Fields & Secrets = fieldsTyped(RED, body);
  const stored = deployedNode(RED, body.id)?.credentials;
  const secrets = SECRETS.map((name) => {
    const isUntouched = typed[name] === undefined || typed[name] === STORED_PASSWORD;
    return [name, isUntouched && isRecord(stored) ? stored[name] : typed[name]];
  });
  return readSetup(typed, Object.fromEntries(secrets));
}

function fieldsTyped(RED: NodeAPI, body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, fromEnvironment(RED, value)]));
}
