/**
 * The address of this machine from which a device is reached, and at which it therefore reaches us. A UDP socket that
 * is connected sends nothing, but the system chooses its route and with it the interface.
 */
import { createSocket } from 'node:dgram';
import { MialinkError } from '../errors';
import { networkCause } from './socket';

/** Any port does: nothing is sent. */
const PORT = 54321;

/** `address` is the device's, an IPv4 address. Rejects with `unreachable`, for whose text `label` names the device. */
export function localAddressTo(address: string, label: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.on('error', (cause) => {
      socket.close();
      reject(new MialinkError('unreachable', { device: label, cause: networkCause(cause) }, { cause }));
    });
    socket.on('connect', () => {
      const local = socket.address().address;
      socket.close();
      resolve(local);
    });
    socket.connect(PORT, address);
  });
}
