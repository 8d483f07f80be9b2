import type { EventLog, LogRun } from '@medrex/contracts';
import { BaseRpcContext } from '@nestjs/microservices';

/** What a handler may do beside reading its run; `@Ctx() context: RunContext`. */
export class RunContext extends BaseRpcContext<[LogRun]> {
  readonly #log: Pick<EventLog, 'commit'>;
  readonly #group: string;
  readonly #run: LogRun;

  constructor(log: Pick<EventLog, 'commit'>, group: string, run: LogRun) {
    super([run]);
    this.#log = log;
    this.#group = group;
    this.#run = run;
  }

  /** Marks the whole run as done, or what lies below `offset`. Call it when everything made of it is acked. */
  async commit(offset?: number): Promise<void> {
    const last = this.#run.records.at(-1)?.offset ?? -1;
    await this.#log.commit(this.#group, this.#run.topic, this.#run.partition, offset ?? last + 1);
  }
}
