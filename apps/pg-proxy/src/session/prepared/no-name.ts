import { Buffer, isUtf8 } from 'node:buffer';
import type { Backend } from '../backend/backend.ts';

/** In a name as latin1: whether it is one in the encoding of its client only the server knows. */
export const beyondAscii = /[\x80-\xff]/;

/** @param name its bytes, as latin1. True: it is none in UTF-8, and its client speaks that: the server refuses it. */
export const isNoName = (name: string, backend: Backend): boolean =>
  beyondAscii.test(name) &&
  backend.settings.valueOf('client_encoding') === 'UTF8' &&
  !isUtf8(Buffer.from(name, 'latin1'));
