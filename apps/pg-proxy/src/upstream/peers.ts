import type { CancelRequest } from '@medrex/pg-wire';
import type { ProxyConfig } from '../config/proxy-config.ts';
import { instanceOf } from '../session/processes/cancel-keys.ts';
import { sendCancel } from './send-cancel.ts';

export interface PeerCounts {
  /** Cancel requests forwarded to the peer that they were for. */
  forwarded: number;
  /** Cancel requests for an instance that is not among the peers. */
  unknown: number;
}

/** Cancel requests that are being forwarded; one that comes back meanwhile is running in a circle. */
const forwardingMax = 1_000;

/** The other instances. Cancel requests of their clients may arrive here, because each comes on a connection of its own. */
export class Peers {
  readonly counts: PeerCounts = { forwarded: 0, unknown: 0 };
  readonly #forwarding = new Set<number>();

  /** True: the request is for a peer; `done` is called when the peer has handled it. */
  forward(request: CancelRequest, { instance }: Pick<ProxyConfig, 'instance'>, done: () => void): boolean {
    const { id, peers } = instance;
    const owner = instanceOf(request);
    if (id === undefined || owner === id) return false;
    const peer = peers[owner];
    const { processId, secretKey } = request;
    if (peer === undefined || this.#forwarding.has(processId) || this.#forwarding.size >= forwardingMax) {
      this.counts.unknown++;
      done();
      return true;
    }
    this.counts.forwarded++;
    this.#forwarding.add(processId);
    sendCancel(
      { ...peer, allowCleartext: false, authorities: undefined, clientCertificate: undefined },
      { processId, secretKey },
      () => {
        this.#forwarding.delete(processId);
        done();
      },
    );
    return true;
  }
}
