import { topics, type LogRun } from '@medrex/contracts';
import { OnRuns } from '@medrex/nest';
import { Controller, Inject } from '@nestjs/common';
import { DependencyAnalyzer } from './dependency-analyzer.ts';

const group = 'dependency-analyzer';

/** Passes the runs of the topics operations, outcomes and progress to the analyzer. */
@Controller()
export class AnalyzerController {
  readonly #analyzer: DependencyAnalyzer;

  constructor(@Inject(DependencyAnalyzer) analyzer: DependencyAnalyzer) {
    this.#analyzer = analyzer;
  }

  @OnRuns(topics.operations, { group, paceMs: 25 })
  async operations(run: LogRun): Promise<void> {
    await this.#analyzer.onOperations(run);
  }

  @OnRuns(topics.outcomes, { group, paceMs: 100 })
  async outcomes(run: LogRun): Promise<void> {
    await this.#analyzer.onOutcomes(run);
  }

  @OnRuns(topics.progress, { group, paceMs: 100 })
  async progress(run: LogRun): Promise<void> {
    await this.#analyzer.onProgress(run);
  }
}
