import { Module, type DynamicModule } from '@nestjs/common';
import { FhirController } from './fhir/fhir.controller.ts';
import { BatchesController } from './http/batches.controller.ts';
import { ChannelTransactionsController } from './http/channel-transactions.controller.ts';
import { DeadLettersController } from './http/dead-letters.controller.ts';
import { DocsController } from './http/docs.controller.ts';
import { OperationalController } from './http/operational.controller.ts';
import { OutcomesController } from './http/outcomes.controller.ts';
import { TransactionsController } from './http/transactions.controller.ts';
import { IntakeController } from './intake.controller.ts';
import { IngestRuntime } from './runtime.ts';

const controllers = [
  TransactionsController,
  ChannelTransactionsController,
  BatchesController,
  OutcomesController,
  DeadLettersController,
  FhirController,
  OperationalController,
  DocsController,
  IntakeController,
];

/** The controllers over an already started runtime. */
@Module({})
export class IngestModule {
  static of(runtime: IngestRuntime): DynamicModule {
    return { module: IngestModule, controllers, providers: [{ provide: IngestRuntime, useValue: runtime }] };
  }
}
