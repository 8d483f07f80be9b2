import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const version = '42.7.8';
const inMaven = join(
  homedir(),
  '.m2',
  'repository',
  'org',
  'postgresql',
  'postgresql',
  version,
  `postgresql-${version}.jar`,
);

/** Path of pgjdbc in the local Maven repository; undefined if Java or the driver is missing. */
export function pgjdbcJar(): string | undefined {
  if (existsSync(inMaven)) return hasJava() ? inMaven : undefined;
  try {
    const artifact = `-Dartifact=org.postgresql:postgresql:${version}:jar`;
    execFileSync('mvn', ['-q', '-B', 'dependency:get', artifact, '-Dtransitive=false'], {
      cwd: tmpdir(),
      stdio: 'ignore',
    });
    return hasJava() ? inMaven : undefined;
  } catch {
    return undefined;
  }
}

function hasJava(): boolean {
  try {
    execFileSync('javac', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
