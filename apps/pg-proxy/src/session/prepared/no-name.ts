import { Buffer, isUtf8 } from 'node:buffer';
import type { Backend } from '../backend/backend.ts';

/** In a name read as latin1: only the server knows whether such bytes are valid in the client's encoding. */
export const beyondAscii = /[\x80-\xff]/;

/** @param name its bytes, read as latin1. True: it is not valid UTF-8 although the client speaks that, so the server refuses it. */
export const isNoName = (name: string, backend: Backend): boolean =>
  beyondAscii.test(name) &&
  backend.settings.valueOf('client_encoding') === 'UTF8' &&
  !isUtf8(Buffer.from(name, 'latin1'));
