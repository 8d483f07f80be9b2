export { CodedError, isCodedError, type ErrorDescription } from './coded-error.ts';
