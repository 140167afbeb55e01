/**
 * A program of its own that takes firmware for one device and keeps its state on disk, for a parent that kills it.
 *
 *   parent -> child   {settings, directory, ca, manual}   once: starts
 *                     {operation: 'download' | step}      starts the download; tells the flow's progress
 *                     {version}                           informs a version
 *   child -> parent   {state}                             entered, or found at the start
 *                     {firmware: paths, repeated}         handed out
 *                     {failed: reason}
 *                     {done: operation}                   an operation has ended well
 */
import { join } from 'node:path';
import { AliyunDevice, type AliyunSettings } from '../../lib/aliyun';
import { fileStateStore, fileVersionStore, OtaClient } from '../../lib/aliyun/ota';
import { Backoff } from '../../lib/backoff';

export interface Start {
  settings: AliyunSettings;
  directory: string;
  ca: string;
  manual: boolean;
}

export type Order = { download: true } | { step: number } | { version: string };

export type Told =
  | { state: string }
  | { firmware: string[]; repeated: boolean }
  | { failed: string }
  | { done: Order };

function tell(what: Told): void {
  process.send?.(what);
}

process.once('message', ({ settings, directory, ca, manual }: Start) => {
  const backoffs = { quick: new Backoff(20, 100), slow: new Backoff(200, 400) };
  const device = new AliyunDevice(settings, { backoffs });
  const ota = new OtaClient(device, {
    directory,
    ca: [ca],
    version: '1.0.0',
    download: manual ? 'manual' : 'auto',
    stateStore: fileStateStore(join(directory, 'default.state')),
    versionStore: fileVersionStore(join(directory, 'default.version')),
  });
  ota.on('state', (state) => tell({ state }));
  ota.on('firmware', ({ paths, repeated }) => tell({ firmware: paths, repeated }));
  ota.on('failed', ({ reason }) => tell({ failed: reason }));
  ota.start();
  device.open();
  process.on('message', async (order: Order) => {
    if ('download' in order) await ota.startDownload();
    else if ('step' in order) await ota.reportProgress(order.step, 'flashing');
    else await ota.informVersion(order.version);
    tell({ done: order });
  });
});
