import type { LogRun } from '@medrex/contracts';
import { topics } from '@medrex/contracts';
import { OnRuns, type RunContext } from '@medrex/nest';
import { Controller, Inject } from '@nestjs/common';
import { IngestRuntime } from './runtime.ts';

/** Maximum records of one run: enough to amortise one append and one vault transaction. */
const maxRecords = 512;
const maxBytes = 2 * 1024 * 1024;

/** Consumes the intake topics. Orders (CPOE) have their own, so that they never queue behind a waiting message. */
@Controller()
export class IntakeController {
  readonly #runtime: IngestRuntime;

  constructor(@Inject(IngestRuntime) runtime: IngestRuntime) {
    this.#runtime = runtime;
  }

  @OnRuns(topics.intake, { group: 'ingest', maxRecords, maxBytes })
  takeIntake(run: LogRun, context: RunContext): Promise<void> {
    return this.#take(run, context);
  }

  @OnRuns(topics.intakeUrgent, { group: 'ingest', maxRecords, maxBytes })
  takeUrgent(run: LogRun, context: RunContext): Promise<void> {
    return this.#take(run, context);
  }

  async #take(run: LogRun, context: RunContext): Promise<void> {
    const { intake, observer } = this.#runtime;
    observer.intakeRead(run);
    await intake.take(run);
    await context.commit();
  }
}
