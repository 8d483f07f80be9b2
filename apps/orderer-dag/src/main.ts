import { runService } from '@medrex/nest';
import { z } from 'zod';
import { ordererConfig } from './config.ts';
import { startOrdererDag } from './start-orderer-dag.ts';

runService(async (end) => {
  const parsed = ordererConfig.safeParse(process.env);
  if (!parsed.success) throw new Error(`The configuration is wrong:\n${z.prettifyError(parsed.error)}`);
  return startOrdererDag(parsed.data, {}, end);
});
