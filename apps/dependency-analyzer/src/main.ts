import { runService } from '@medrex/nest';
import { z } from 'zod';
import { analyzerConfig } from './config.ts';
import { startAnalyzer } from './start-analyzer.ts';

runService(async () => {
  const parsed = analyzerConfig.safeParse(process.env);
  if (!parsed.success) throw new Error(`The configuration is wrong:\n${z.prettifyError(parsed.error)}`);
  return startAnalyzer(parsed.data);
});
