import { runService } from '@medrex/nest';
import { readConfig } from './read-config.ts';
import { startIngest } from './start-ingest.ts';

runService(() => startIngest(readConfig(process.env)));
