export { anOperation } from './an-operation.ts';
export { arbitraryOperation } from './arbitrary-operation.ts';
