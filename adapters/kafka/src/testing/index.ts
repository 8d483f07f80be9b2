export { kafkaLogSubject } from './log-subject.ts';
export { scratchTopics, type ScratchTopics } from './scratch-topics.ts';
