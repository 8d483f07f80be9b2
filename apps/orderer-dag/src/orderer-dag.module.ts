import { Controller, Inject, Module, type DynamicModule } from '@nestjs/common';
import { topics, type LogRun } from '@medrex/contracts';
import { OnRuns, type RunContext } from '@medrex/nest';
import { OrdererDag } from './orderer-dag.ts';

const group = 'orderer-dag';

/** Passes the runs of the three topics to the block constructor. */
@Controller()
export class RunsController {
  readonly #dag: OrdererDag;

  constructor(@Inject(OrdererDag) dag: OrdererDag) {
    this.#dag = dag;
  }

  // Progress records replace committed offsets. Decoding a run of this size blocks the event loop for about 10 ms.
  @OnRuns(topics.operations, { group, maxRecords: 64, maxBytes: 512 * 1024 })
  async onOperations(run: LogRun): Promise<void> {
    await this.#dag.onOperations(run);
  }

  @OnRuns(topics.analyzed, { group, paceMs: 25 })
  async onAnalyzed(run: LogRun, context: RunContext): Promise<void> {
    if (this.#dag.onAnalyzed(run)) context.commitSoon();
  }

  @OnRuns(topics.progress, { group, paceMs: 100 })
  async onProgress(run: LogRun): Promise<void> {
    this.#dag.onProgress(run);
  }
}

/** The wiring of orderer-dag. */
@Module({ controllers: [RunsController] })
export class OrdererDagModule {
  static of(dag: OrdererDag): DynamicModule {
    return { module: OrdererDagModule, providers: [{ provide: OrdererDag, useValue: dag }] };
  }
}
