import { program } from '@medrex/cli';
import type { Command } from 'commander';
import { page } from './markdown.ts';

/** docs/reference/cli.md: the `--help` text of every command. */
export function cliReference(): string {
  const root = program(() => undefined);
  const sections = commandsBelow(root, 'medrex').map(
    ([name, command]) => `## ${name}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\``,
  );
  return page(
    'Command line',
    'In the repository, run `npx medrex <command>`. Exit codes: 0 success, 1 failure, 2 wrong arguments.',
    'apps/medrex/src/program.ts',
    sections.join('\n\n'),
  );
}

function commandsBelow(command: Command, name: string): readonly (readonly [string, Command])[] {
  return [[name, command], ...command.commands.flatMap((below) => commandsBelow(below, `${name} ${below.name()}`))];
}

/** Help text at a fixed width, independent of the terminal. */
function helpOf(command: Command): string {
  command.configureHelp({ helpWidth: 110 });
  return command.helpInformation().trimEnd();
}
