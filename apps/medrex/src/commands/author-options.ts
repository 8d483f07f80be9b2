import { authorPolicies, type AuthorPolicy } from '@medrex/execute-batch';
import { Argument, Option, type Command } from 'commander';
import type { Exit } from '../program.ts';
import type { AuthorSignFlags } from './author-sign.ts';
import type { AuthorFlags } from './author.ts';
import { defaults } from './defaults.ts';
import { instant } from './load-options.ts';

/** Adds `medrex author`. */
export function addAuthor(medrex: Command, exit: Exit): void {
  const author = medrex.command('author').description('manages the authors who may sign operations');
  onLedger(author.command('register').description("registers an author's public key (administrators only)"))
    .argument('<id>', 'a pseudonym; it is in clear text on the ledger')
    .requiredOption('--key <file>', 'public key, PEM: ECDSA P-256 or Ed25519')
    .action(async (id: string, flags: AuthorFlags & { readonly key: string }) =>
      exit(await (await import('./author.ts')).authorRegister(id, flags)),
    );
  onLedger(author.command('revoke').description('revokes an author permanently (administrators only)'))
    .argument('<id>')
    .action(async (id: string, flags: AuthorFlags) =>
      exit(await (await import('./author.ts')).authorRevoke(id, flags)),
    );
  onLedger(author.command('policy').description('sets the policy of a contract for authors (administrators only)'))
    .argument('<contract>', 'e.g. clinical')
    .addArgument(
      new Argument('<policy>', 'off, optional (a signature must be valid if present) or required').choices(
        authorPolicies,
      ),
    )
    .action(async (contract: string, policy: AuthorPolicy, flags: AuthorFlags) =>
      exit(await (await import('./author.ts')).authorPolicy(contract, policy, flags)),
    );
  onLedger(author.command('show').description('shows one author'))
    .argument('<id>')
    .action(async (id: string, flags: AuthorFlags) => exit(await (await import('./author.ts')).authorShow(id, flags)));
  onLedger(author.command('list').description('lists all authors and policies')).action(async (flags: AuthorFlags) =>
    exit(await (await import('./author.ts')).authorList(flags)),
  );
  addSign(author, exit);
}

function addSign(author: Command, exit: Exit): void {
  author
    .command('sign')
    .description('signs the body of a message and prints the headers to send with it')
    .argument('<author>', 'id of the author')
    .argument('<file>', 'the body, exactly as it will be sent')
    .requiredOption('--key <file>', "the author's private key, PEM")
    .requiredOption('--source <uri>', 'source of the message')
    .requiredOption('--id <id>', 'id of the message')
    .option('--time <time>', 'time of the message, ISO 8601 (default: now)', instant)
    .option('--contract <name>', 'contract of the operation', 'clinical')
    .option('--method <method>', 'PUT or DELETE, if it is sent to /fhir with that method')
    .option('--target <path>', 'path below /fhir, for example Observation/o1; required with --method')
    .addOption(json())
    .action(async (id: string, file: string, flags: AuthorSignFlags) =>
      exit(await (await import('./author-sign.ts')).authorSign(id, file, flags)),
    );
}

function onLedger(command: Command): Command {
  return command
    .option('--profile <file>', 'connection profile of a Fabric network')
    .option('--msp <folder>', "an administrator's MSP folder (signcerts, keystore), instead of the profile's identity")
    .option('--channel <name>', 'channel', defaults.channel)
    .option('--chaincode <name>', 'chaincode that runs executeBatch', 'medrex')
    .option('--orderer-url <url>', 'address of orderer-dag on the embedded ledger, instead of --profile')
    .addOption(json());
}

const json = () => new Option('--json', 'prints one JSON document instead of text').default(false);
