/** Reads a file of rules into plain data, which is compiled where it is used. */
import { readFileSync } from 'node:fs'
import { ForesendError } from '../../error.ts'
import type { RuleFile } from './map-file.ts'

/** 1000 rules of 512 bytes and their comments. */
const FILE_MAX_BYTES = 1024 * 1024

/** A file of rules with its text, or one that is still to be read. */
export interface RuleSource {
  readonly file: string
  readonly text?: string | undefined
}

/** Throws ERR_TFTP_USAGE when it cannot be read or is too large. */
export function readRules({ file, text }: RuleSource): RuleFile {
  if (text !== undefined) return { file, text }
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new ForesendError(
      'ERR_TFTP_USAGE',
      `cannot read the rules in ${file} (${reason}); check the path and its permissions`,
      {
        fault: 'local',
        cause,
      },
    )
  }
  if (bytes.length > FILE_MAX_BYTES) {
    const message = `${file} has ${bytes.length} bytes, and a file of rules may have ${FILE_MAX_BYTES}; is it the right file?`
    throw new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local' })
  }
  return { file, text: bytes.toString('latin1') }
}
