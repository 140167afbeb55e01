/** The demo's flow: a home of three devices, bridged to one device of the cloud. */
import type { FlowNode } from '../support/node-red';
import { at, change, comment, debug, inject, linkIn, linkOut, TAB } from './grid';

export interface DemoPlaces {
  lamp: { address: string; port: number; token: string };
  purifier: { address: string; port: number; token: string };
  /** What miio-discover asks. */
  addresses: string;
  cloud: { productKey: string; deviceName: string; deviceSecret: string; endpoint: string; ca: string };
}

export function demoFlow(places: DemoPlaces): FlowNode[] {
  return [
    { id: TAB, type: 'tab', label: 'A home and its cloud' },
    ...configNodes(places),
    ...discovery(places.addresses),
    ...readings(),
    ...settingFromTheCloud(),
    ...serviceAndEvent(),
    ...firmware(),
    at(0, 19, {
      id: 'catch-errors',
      type: 'catch',
      name: 'what went wrong',
      scope: null,
      wires: [['show-errors']],
    }),
    at(1, 19, debug('show-errors', 'errors', 'error.message')),
  ];
}

function configNodes({ lamp, purifier, cloud }: DemoPlaces): FlowNode[] {
  const { deviceSecret, ca, ...triple } = cloud;
  const miio = { type: 'miio-device', deviceId: '', timeoutMs: 10_000, retries: 3 };
  return [
    {
      ...miio,
      id: 'demo-lamp',
      name: 'lamp',
      address: lamp.address,
      port: lamp.port,
      credentials: { token: lamp.token },
    },
    {
      ...miio,
      id: 'demo-purifier',
      name: 'purifier',
      address: purifier.address,
      port: purifier.port,
      credentials: { token: purifier.token },
    },
    {
      id: 'demo-cloud',
      type: 'aliyun-device',
      name: '',
      transport: 'tls',
      ca,
      ...triple,
      credentials: { deviceSecret },
    },
  ];
}

function discovery(addresses: string): FlowNode[] {
  return [
    comment(0, 'about-discovery', '1. Who is at home?'),
    at(0, 1, { ...inject('look-around', 'look around', ''), wires: [['discover']] }),
    at(1, 1, {
      id: 'discover',
      type: 'miio-discover',
      name: '',
      addresses,
      timeoutMs: 1_500,
      interval: 0,
      output: 'each',
      wires: [['show-found']],
    }),
    at(2, 1, debug('show-found', 'found')),
  ];
}

function readings(): FlowNode[] {
  const command = { type: 'miio-command', methodType: 'str', paramsType: 'json', retries: '' };
  const purifierProperties = [
    { did: 'power', siid: 2, piid: 1 },
    { did: 'pm25', siid: 3, piid: 4 },
    { did: 'humidity', siid: 3, piid: 1 },
  ];
  return [
    comment(2.5, 'about-readings', '2. Read the devices, report to the cloud'),
    at(0, 3.5, { ...inject('every-5-s', 'every 5 s', '5'), wires: [['read-lamp']] }),
    at(0, 4.5, {
      ...linkIn('read-again', 'read again', 'after-writing', 'after-toggling'),
      wires: [['read-lamp']],
    }),
    at(1, 3.5, {
      ...command,
      id: 'read-lamp',
      name: 'read lamp',
      device: 'demo-lamp',
      method: 'get_prop',
      params: '["power","bright"]',
      wires: [['lamp-properties']],
    }),
    at(2, 3.5, {
      ...change('lamp-properties', 'as properties', [
        'payload',
        '{"LampPower": payload[0] = "on" ? 1 : 0, "LampBrightness": payload[1]}',
      ]),
      wires: [['properties']],
    }),
    at(0, 5.5, { ...inject('every-10-s', 'every 10 s', '10'), wires: [['read-purifier']] }),
    at(1, 5.5, {
      ...command,
      id: 'read-purifier',
      name: 'read purifier',
      device: 'demo-purifier',
      method: 'get_properties',
      params: JSON.stringify(purifierProperties),
      wires: [['purifier-properties']],
    }),
    at(2, 5.5, {
      ...change('purifier-properties', 'as properties', [
        'payload',
        '{"PurifierPower": payload[did="power"].value ? 1 : 0, "PM25": payload[did="pm25"].value, "Humidity": payload[did="humidity"].value}',
      ]),
      wires: [['properties']],
    }),
    at(3, 3.5, {
      id: 'properties',
      type: 'aliyun-property',
      name: '',
      device: 'demo-cloud',
      reply: 'auto',
      wires: [['show-posted'], ['set-by-cloud']],
    }),
    at(4, 3.5, debug('show-posted', 'posted', 'aliyun', false)),
    at(4, 4.5, linkOut('set-by-cloud', 'set by the cloud', 'cloud-sets')),
  ];
}

function settingFromTheCloud(): FlowNode[] {
  return [
    comment(7, 'about-setting', '3. The cloud sets a property, the lamp obeys'),
    at(0, 8, { ...linkIn('cloud-sets', 'set by the cloud', 'set-by-cloud'), wires: [['what-is-set']] }),
    at(1, 8, {
      id: 'what-is-set',
      type: 'switch',
      name: 'what is set?',
      property: 'payload',
      propertyType: 'msg',
      rules: [
        { t: 'jsonata_exp', v: '$exists(payload.LampPower)', vt: 'jsonata' },
        { t: 'jsonata_exp', v: '$exists(payload.LampBrightness)', vt: 'jsonata' },
      ],
      checkall: 'true',
      outputs: 2,
      wires: [['to-power'], ['to-brightness']],
    }),
    at(2, 8, {
      ...change(
        'to-power',
        'power',
        ['method', '"set_power"'],
        ['params', '[payload.LampPower = 1 ? "on" : "off"]'],
      ),
      wires: [['write-lamp']],
    }),
    at(2, 9, {
      ...change(
        'to-brightness',
        'brightness',
        ['method', '"set_bright"'],
        ['params', '[payload.LampBrightness]'],
      ),
      wires: [['write-lamp']],
    }),
    at(3, 8, {
      id: 'write-lamp',
      type: 'miio-command',
      name: 'write lamp',
      device: 'demo-lamp',
      method: '',
      methodType: 'str',
      params: '',
      paramsType: 'json',
      retries: '',
      wires: [['show-written', 'after-writing']],
    }),
    at(4, 8, debug('show-written', 'lamp answered')),
    at(4, 9, linkOut('after-writing', 'read again', 'read-again')),
  ];
}

function serviceAndEvent(): FlowNode[] {
  return [
    comment(10.5, 'about-service', '4. The cloud calls the service "toggle"'),
    at(0, 11.5, {
      id: 'toggle-called',
      type: 'aliyun-service',
      name: '',
      device: 'demo-cloud',
      service: 'toggle',
      wires: [['toggle-lamp']],
    }),
    at(1, 11.5, {
      id: 'toggle-lamp',
      type: 'miio-command',
      name: 'toggle lamp',
      device: 'demo-lamp',
      method: 'toggle',
      methodType: 'str',
      params: '[]',
      paramsType: 'json',
      retries: '0',
      wires: [['toggled']],
    }),
    at(2, 11.5, {
      ...change('toggled', 'result', ['payload', '{"result": payload[0]}']),
      wires: [['answer', 'report']],
    }),
    at(3, 11.5, { id: 'answer', type: 'aliyun-reply', name: '', device: 'demo-cloud' }),
    at(3, 12.5, {
      id: 'report',
      type: 'aliyun-event',
      name: '',
      device: 'demo-cloud',
      event: 'LampToggled',
      wires: [['after-toggling']],
    }),
    at(4, 12.5, linkOut('after-toggling', 'read again', 'read-again')),
  ];
}

/** By wires alone: the file to the lamp, its progress and the version that it runs in the end back to the cloud. */
function firmware(): FlowNode[] {
  return [
    comment(14, 'about-firmware', '5. The cloud pushes a firmware, the lamp installs it'),
    at(0, 15, {
      id: 'firmware',
      type: 'aliyun-ota',
      name: '',
      device: 'demo-cloud',
      module: '',
      version: '1.0.0',
      directory: '',
      download: 'auto',
      maxSize: '',
      allowHttp: false,
      wires: [['install'], ['show-download']],
    }),
    at(2, 17, {
      id: 'install',
      type: 'miio-ota',
      name: '',
      device: 'demo-lamp',
      timeoutMs: '',
      address: '',
      port: '',
      wires: [
        ['firmware', 'show-version'],
        ['firmware', 'show-progress'],
      ],
    }),
    at(2, 15, debug('show-download', 'download')),
    at(3, 16.5, debug('show-version', 'the lamp runs')),
    at(3, 17.5, debug('show-progress', 'progress')),
  ];
}
