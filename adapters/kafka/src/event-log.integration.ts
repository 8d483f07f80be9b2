import { describeReal, eventLogContract } from '@medrex/contracts/testing';
import { kafkaLogSubject } from './testing/log-subject.ts';

describeReal('KAFKA', 'KafkaEventLog', (where) => {
  eventLogContract('KafkaEventLog', () => kafkaLogSubject(where));
});
