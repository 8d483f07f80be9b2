import { authorPolicies, type AuthorPolicy } from '@medrex/execute-batch';
import { Argument, Option, type Command } from 'commander';
import type { Exit } from '../program.ts';
import type { AuthorSignFlags } from './author-sign.ts';
import type { AuthorFlags } from './author.ts';
import { defaults } from './defaults.ts';
import { instant } from './load-options.ts';

/** Adds `medrex author`. */
export function addAuthor(medrex: Command, exit: Exit): void {
  const author = medrex.command('author').description('who may sign operations, as the ledger knows it');
  onLedger(author.command('register').description("makes an author's public key known; as an administrator"))
    .argument('<id>', 'a pseudonym; it stands in clear')
    .requiredOption('--key <file>', 'public key, PEM: ECDSA P-256 or Ed25519')
    .action(async (id: string, flags: AuthorFlags & { readonly key: string }) =>
      exit(await (await import('./author.ts')).authorRegister(id, flags)),
    );
  onLedger(author.command('revoke').description('ends an author for good; as an administrator'))
    .argument('<id>')
    .action(async (id: string, flags: AuthorFlags) =>
      exit(await (await import('./author.ts')).authorRevoke(id, flags)),
    );
  onLedger(author.command('policy').description('what a contract asks of authors; as an administrator'))
    .argument('<contract>', 'e.g. clinical')
    .addArgument(new Argument('<policy>', 'off, optional: a signature must be right, required').choices(authorPolicies))
    .action(async (contract: string, policy: AuthorPolicy, flags: AuthorFlags) =>
      exit(await (await import('./author.ts')).authorPolicy(contract, policy, flags)),
    );
  onLedger(author.command('show').description('one author'))
    .argument('<id>')
    .action(async (id: string, flags: AuthorFlags) => exit(await (await import('./author.ts')).authorShow(id, flags)));
  onLedger(author.command('list').description('all authors and policies')).action(async (flags: AuthorFlags) =>
    exit(await (await import('./author.ts')).authorList(flags)),
  );
  addSign(author, exit);
}

function addSign(author: Command, exit: Exit): void {
  author
    .command('sign')
    .description('signs the body of a message, and prints the headers to send it with')
    .argument('<author>', 'id of the author')
    .argument('<file>', 'the body, as it will be sent')
    .requiredOption('--key <file>', "the author's private key, PEM")
    .requiredOption('--source <uri>', 'source of the message')
    .requiredOption('--id <id>', 'id of the message')
    .option('--time <time>', 'when it happened, ISO 8601 (default: now)', instant)
    .option('--contract <name>', 'contract that it is for', 'clinical')
    .option('--method <method>', 'PUT or DELETE where it is sent so to /fhir')
    .option('--target <path>', 'below /fhir, e.g. Observation/o1, where --method is given')
    .addOption(json())
    .action(async (id: string, file: string, flags: AuthorSignFlags) =>
      exit(await (await import('./author-sign.ts')).authorSign(id, file, flags)),
    );
}

function onLedger(command: Command): Command {
  return command
    .option('--profile <file>', 'connection profile of a Fabric network')
    .option('--msp <folder>', "an administrator's MSP folder (signcerts, keystore), in place of the profile's identity")
    .option('--channel <name>', 'channel', defaults.channel)
    .option('--chaincode <name>', 'chaincode that runs executeBatch', 'medrex')
    .option('--orderer-url <url>', 'instead of --profile, orderer-dag on the embedded ledger')
    .addOption(json());
}

const json = () => new Option('--json', 'prints one JSON document instead of text').default(false);
