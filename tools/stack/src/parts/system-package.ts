import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { Context } from '../context.ts';
import { stackError } from '../errors.ts';
import { findProgram } from '../processes/find-program.ts';
import { run } from '../processes/run.ts';

const isRoot = (): boolean => process.getuid?.() === 0;

/** The path of a program; installs its package with apt when it is missing and permitted. @param find may search beyond PATH */
export async function needProgram(
  context: Context,
  program: string,
  package_: string,
  find: () => string | undefined = () => findProgram(program),
): Promise<string> {
  const there = find();
  if (there !== undefined) return there;
  const apt = findProgram('apt-get');
  if (apt === undefined || !isRoot())
    throw stackError(
      'missing',
      `${program} is not on this machine. Install your system's package (Debian: apt-get install ${package_}).`,
    );
  await install(context, apt, package_);
  const now = find();
  if (now === undefined) throw stackError('missing', `${program} is still missing after installing ${package_}.`);
  return now;
}

async function install({ signal, say }: Context, apt: string, package_: string): Promise<void> {
  say(`installing ${package_} with apt ...`);
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  // The service of the package would start another server on the default port.
  const args = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', package_];
  await run(apt, ['update'], signal, { env });
  await withoutServices(() => run(apt, args, signal, { env }));
}

const policy = '/usr/sbin/policy-rc.d';

/** Runs the work with Debian's policy-rc.d returning 101, which keeps installed packages from starting services. */
async function withoutServices<T>(work: () => Promise<T>): Promise<T> {
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await work();
  } finally {
    if (isOurs) rmSync(policy, { force: true });
  }
}
