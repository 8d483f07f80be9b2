import { operationClasses } from '@medrex/contracts';
import { channelRoles } from './channel-observer.ts';
import type { OrdererDag } from './orderer-dag.ts';
import type { OrdererMetrics, TelemetryObserver } from './telemetry-observer.ts';

/** Sets the gauges, summed over the channels; called before each scrape. */
export function setGauges(metrics: OrdererMetrics, dag: OrdererDag, observers: readonly TelemetryObserver[]): void {
  const statuses = dag.statuses();
  const sum = (of: (status: (typeof statuses)[number]) => number): number =>
    statuses.reduce((total, status) => total + of(status), 0);
  for (const role of channelRoles) metrics.channels.set({ role }, dag.roles[role]);
  metrics.live.set(sum(({ planner }) => planner.live));
  metrics.ready.set(sum(({ planner }) => planner.ready));
  metrics.taken.set(sum(({ planner }) => planner.taken));
  metrics.flights.set(sum(({ flights }) => flights));
  metrics.span.set(sum(({ span }) => span));
  metrics.blockHeight.set(sum(({ progress }) => progress.blockHeight));
  metrics.stopped.set(sum(({ stopped }) => (stopped === undefined ? 0 : 1)));
  for (const reason of ['probe-failed', 'template-version-missing'] as const) {
    metrics.breakerOpen.set(
      { reason },
      sum(({ breaker }) => (breaker === reason ? 1 : 0)),
    );
  }
  operationClasses.forEach((name, place) => {
    metrics.waiting.set(
      { class: name },
      sum(({ planner }) => planner.classes[place]?.waiting ?? 0),
    );
  });
  metrics.hanging.set(observers.reduce((total, { hangingOperations }) => total + hangingOperations, 0));
}
