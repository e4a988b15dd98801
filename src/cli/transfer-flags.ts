/** The flags that `get` and `put` share. */
import type { Command } from 'commander'
import type { TransferOptions } from '../client/options.ts'
import type { Option } from '../packet/index.ts'
import { decimalNumber, digestFlag, given, oneOf, optionList, wholeNumber } from './flags.ts'

export interface TransferFlags {
  readonly blksize?: number
  readonly windowsize?: number
  readonly timeout?: number
  readonly retries?: number
  readonly mode?: 'octet' | 'netascii'
  readonly driver?: 'auto' | 'dgram' | 'batch'
  readonly option?: readonly Option[]
  readonly trace?: true
  readonly sha256?: string
  readonly logFormat?: 'pretty' | 'json'
}

export function addTransferFlags(command: Command): Command {
  return command
    .optionsGroup('How it transfers:')
    .option(
      '--blksize <BYTES>',
      'bytes in a block (what fits the way without fragments)',
      wholeNumber('bytes', 8, 65464),
    )
    .option('--windowsize <N>', 'blocks for one acknowledgement; 1 is lock-step (16)', wholeNumber('blocks', 1, 65535))
    .option(
      '--timeout <SECONDS>',
      'wait this long before asking again (1, doubling)',
      decimalNumber('seconds', 0.01, 255),
    )
    .option('--retries <N>', 'ask again this often before giving up (5)', wholeNumber('tries', 0, 1000))
    .option(
      '--mode <MODE>',
      'octet (bytes as they are) or netascii (text); wins over ;mode= in the URL (octet)',
      oneOf('octet', 'netascii'),
    )
    .option(
      '--driver <NAME>',
      'how packets reach the kernel: batch (Linux) or dgram; auto takes batch where it can be had (auto)',
      oneOf('auto', 'dgram', 'batch'),
    )
    .option('--option <NAME=VALUE>', 'send this option too, or with this value; repeatable', optionList)
    .optionsGroup('What it checks and shows:')
    .option('--trace', 'print each packet on standard error')
    .option('--sha256 <HEX>', 'fail unless the file has this digest', digestFlag)
    .option('--log-format <FORM>', 'pretty, or json: one object per line (pretty)', oneOf('pretty', 'json'))
}

export function transferOptions(flags: TransferFlags): TransferOptions & { readonly sha256?: string } {
  return {
    ...given('blksize', flags.blksize),
    ...given('windowsize', flags.windowsize),
    ...given('timeoutMs', flags.timeout === undefined ? undefined : flags.timeout * 1000),
    ...given('retries', flags.retries),
    ...given('mode', flags.mode),
    ...given('driver', flags.driver),
    ...given('options', flags.option),
    ...given('sha256', flags.sha256),
  }
}
