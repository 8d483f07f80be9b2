import type { PoolFigures } from '@medrex/pool';
import type { Gauges } from './trends.ts';

/** The current figures of the pools, by database. */
export function gaugesOf(figures: readonly PoolFigures[]): ReadonlyMap<string, Gauges> {
  const gauges = new Map<string, Gauges>();
  for (const { name, clients, waiting, active, idle, pinned } of figures) {
    const known = gauges.get(name.database);
    gauges.set(name.database, {
      clients: clients + (known?.clients ?? 0),
      waiting: waiting + (known?.waiting ?? 0),
      active: active + (known?.active ?? 0),
      idle: idle + (known?.idle ?? 0),
      pinned: pinned + (known?.pinned ?? 0),
    });
  }
  return gauges;
}
