export { InMemoryEventLog, type InMemoryEventLogOptions } from './event-log.ts';
export { InMemoryStatusStore } from './status-store.ts';
export { InMemoryTopics, type InMemoryTopicsOptions } from './topics.ts';
