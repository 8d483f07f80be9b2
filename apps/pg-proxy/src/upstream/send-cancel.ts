import { cancelRequest, type BackendKeyData } from '@medrex/pg-wire';
import { connect, type Address } from './connect.ts';

/** No upstream takes longer to read sixteen bytes; in ms. */
const timeoutMs = 5_000;

/** Asks an upstream to cancel what a backend is running. Calls `done` when the upstream has handled it, or will not. */
export function sendCancel(address: Address, key: BackendKeyData, done: () => void): void {
  let isDone = false;
  const finish = (): void => {
    if (isDone) return;
    isDone = true;
    clearTimeout(timer);
    done();
  };
  const first = connect(address, {
    connected: (socket) => {
      socket.on('error', finish);
      socket.on('close', finish);
      socket.resume();
      // The server closes the connection once the signal has been sent; until then the backend must not serve anybody else.
      socket.write(cancelRequest(key.processId, key.secretKey));
    },
    failed: finish,
  });
  const timer = setTimeout(() => {
    first.destroy();
    finish();
  }, timeoutMs);
}
