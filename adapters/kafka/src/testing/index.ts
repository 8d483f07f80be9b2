export { kafkaLogSubject } from './log-subject.ts';
export { partitionState } from './partition-state.ts';
export { scratchTopics, type ScratchTopics } from './scratch-topics.ts';
