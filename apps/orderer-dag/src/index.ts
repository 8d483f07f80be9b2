export { ordererConfig, type OrdererConfig } from './config.ts';
export type { OrdererPorts } from './open-ports.ts';
export { ordererErrors } from './errors.ts';
export { failureTable, type FailureVerdict } from './failure-table.ts';
export { ordererMetrics } from './metrics.ts';
export { startOrdererDag, type GivenPorts } from './start-orderer-dag.ts';
export { validationTable, type ValidationAction, type ValidationRule } from './validation-table.ts';
