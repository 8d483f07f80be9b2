export { scratchTopics, type ScratchTopics } from './scratch-topics.ts';
