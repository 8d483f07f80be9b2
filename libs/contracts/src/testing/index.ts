export {
  aBlockReport,
  aLogRecord,
  anAcceptedOperation,
  anAnalysis,
  anId,
  anOutcome,
  aProgress,
  aReceipt,
  aRecord,
  aRouting,
  aStatus,
  transactionOutcomes,
} from './builders.ts';
export { assetTransferIntake, type AssetMessage } from './asset-transfer-intake.ts';
export { type DeliveryFaults } from './disturbed-delivery.ts';
export { eventually } from './eventually.ts';
export { eventLogContract } from './event-log-contract.ts';
export type { EventLogSubject, OpenSubject } from './event-log/subject.ts';
export { FaultyEventLog, type Crash, type FaultyEventLogOptions } from './faulty-event-log.ts';
export { freePort, untilListens } from './ports.ts';
export { realClock } from './real-clock.ts';
export { describeReal, whereIs, type RealService } from './real-service.ts';
export { seededRandom } from './seeded-random.ts';
export { statusStoreContract, type StatusStoreSubject } from './status-store-contract.ts';
export { wholeOperations, type WholeOperation } from './whole-operations.ts';
export { TcpProxy } from './tcp-proxy.ts';
export { tlsFixture } from './tls-fixture.ts';
