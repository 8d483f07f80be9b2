import { diagnose, type Finding } from './doctor.ts';

const marks = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' } as const;

/** `medrex doctor`. Returns 1 when a problem was found; warnings do not count. */
export async function doctor(flags: {
  readonly data: string;
  readonly port: number;
  readonly json: boolean;
}): Promise<number> {
  const findings = await diagnose({ dataDir: flags.data, port: flags.port });
  console.log(flags.json ? JSON.stringify({ findings }) : findings.map(line).join('\n'));
  return findings.some(({ verdict }) => verdict === 'problem') ? 1 : 0;
}

function line({ verdict, check, found, remedy }: Finding): string {
  const first = `${marks[verdict]}  ${check.padEnd(16)} ${found}`;
  return remedy === undefined ? first : `${first}\n         ${remedy}`;
}
