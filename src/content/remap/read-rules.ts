/** Reads a file of rules into plain data, which is compiled where it is used. */
import { ForesendError } from '../../error.ts'
import { readSmallFile } from '../../small-file.ts'
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
  try {
    return { file, text: readSmallFile(file, FILE_MAX_BYTES).toString('latin1') }
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    if (reason === 'EFBIG') {
      const message = `${file} has more than the ${FILE_MAX_BYTES} bytes that a file of rules may have; is it the right file?`
      throw new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local' })
    }
    throw new ForesendError(
      'ERR_TFTP_USAGE',
      `cannot read the rules in ${file} (${reason}); check the path and its permissions`,
      {
        fault: 'local',
        cause,
      },
    )
  }
}
