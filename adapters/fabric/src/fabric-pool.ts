import type { ObservedPool } from '@medrex/contracts';
import type { FabricLedger } from './fabric-ledger.ts';

/** The calls of all channels of a process as one pool, since a Fabric client runs many calls on one connection. */
export function fabricPool(
  ledgers: readonly Pick<FabricLedger, 'status' | 'onWaited' | 'onConnectionFailed'>[],
): ObservedPool {
  return {
    name: 'fabric',
    state() {
      const gates = ledgers.flatMap((ledger) => Object.values(ledger.status().pools));
      const sum = (of: 'inFlight' | 'waiting' | 'limit'): number => gates.reduce((all, gate) => all + gate[of], 0);
      return { inUse: sum('inFlight'), idle: 0, waiting: sum('waiting'), connectionsMax: sum('limit') };
    },
    onWaited(listener) {
      for (const ledger of ledgers) ledger.onWaited(listener);
    },
    onConnectionFailed(listener) {
      for (const ledger of ledgers) ledger.onConnectionFailed = listener;
    },
  };
}
