export { TestSchema } from './a-schema.ts';
