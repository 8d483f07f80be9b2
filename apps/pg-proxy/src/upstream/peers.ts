import type { CancelRequest } from '@medrex/pg-wire';
import type { ProxyConfig } from '../config/proxy-config.ts';
import { instanceOf } from '../session/processes/cancel-keys.ts';
import { sendCancel } from './send-cancel.ts';

export interface PeerCounts {
  /** Cancel requests that were for a peer, and were sent there. */
  forwarded: number;
  /** For an instance that is no peer of ours. */
  unknown: number;
}

/** Cancel requests on their way to peers; one that comes back meanwhile goes round in a circle. */
const underWayMax = 1_000;

/** The other instances: what clients of theirs cancel may arrive here, since a cancel request comes by a connection of its own. */
export class Peers {
  readonly counts: PeerCounts = { forwarded: 0, unknown: 0 };
  readonly #underWay = new Set<number>();

  /** True: it was for a peer, and is none of ours; `done` when the peer has dealt with it. */
  forward(request: CancelRequest, { instance }: Pick<ProxyConfig, 'instance'>, done: () => void): boolean {
    const { id, peers } = instance;
    const whose = instanceOf(request);
    if (id === undefined || whose === id) return false;
    const peer = peers[whose];
    const { processId, secretKey } = request;
    if (peer === undefined || this.#underWay.has(processId) || this.#underWay.size >= underWayMax) {
      this.counts.unknown++;
      done();
      return true;
    }
    this.counts.forwarded++;
    this.#underWay.add(processId);
    sendCancel(
      { ...peer, allowCleartext: false, authorities: undefined, own: undefined },
      { processId, secretKey },
      () => {
        this.#underWay.delete(processId);
        done();
      },
    );
    return true;
  }
}
