/** /etc/default/tftpd-hpa and /etc/default/atftpd: the variables that Debian's scripts make a command line of. */
import { readAtftpd } from '../../old/atftpd.ts'
import { readInTftpd } from '../../old/in-tftpd.ts'
import { messageOf, usageError } from '../../exit.ts'
import type { Imported, Remark, Source } from './contract.ts'
import { type Assignment, assignments, wordsOf } from './shell.ts'

export function importTftpdHpa(source: Source): Imported {
  const variables = assignments(source)
  const { file } = source
  const of = (name: string): string[] => wordsFrom(variables, name, file)
  const user = of('TFTP_USERNAME')
  const address = of('TFTP_ADDRESS')
  const options = [...of('TFTP_OPTIONS'), ...of('OPTIONS')]
  const folders = of('TFTP_DIRECTORY')
  if (folders.length > 1) {
    throw usageError(
      `${file}: TFTP_DIRECTORY: with a space in it in.tftpd gets ${folders.length} folders; write one without, or path = "…" in foresend.toml`,
    )
  }
  const args = [
    '--listen',
    ...(user.length > 0 ? ['--user', ...user] : []),
    ...(address.length > 0 ? ['--address', ...address] : []),
    ...options,
    ...folders,
  ]
  const { values, content } = attempt(file, () => readInTftpd(args))
  const remarks = unknown(variables, file, [
    'TFTP_USERNAME',
    'TFTP_DIRECTORY',
    'TFTP_ADDRESS',
    'TFTP_OPTIONS',
    'OPTIONS',
    'RUN_DAEMON',
  ])
  if (content === undefined || content.type === 'folders') return { values, remarks }
  const line = variables.find(({ name }) => name === 'TFTP_OPTIONS')?.line
  const why =
    'without --secure clients ask for whole paths; here they ask for names below the folder. ' +
    '`foresend in.tftpd` with the same options serves whole paths, and so do rules in a map file'
  return { values: { ...values, path: content.path }, remarks: [...remarks, { file, line, what: 'no --secure', why }] }
}

export function importAtftpd(source: Source): Imported {
  const variables = assignments(source)
  const { file } = source
  const options = wordsFrom(variables, 'OPTIONS', file)
  const old = attempt(file, () => readAtftpd(options.includes('--daemon') ? options : ['--daemon', ...options]))
  const line = variables.find(({ name }) => name === 'OPTIONS')?.line
  const remarks: Remark[] = old.remarks.map((remark) => {
    const [what = '', why = ''] = remark.split(' has no effect: ')
    return { file, line, what, why }
  })
  return { values: old.values, remarks: [...remarks, ...unknown(variables, file, ['OPTIONS', 'USE_INETD'])] }
}

function wordsFrom(variables: readonly Assignment[], name: string, file: string): string[] {
  const found = variables.findLast((variable) => variable.name === name)
  return found === undefined ? [] : wordsOf(found.value, `${file}:${found.line}`)
}

function unknown(variables: readonly Assignment[], file: string, known: readonly string[]): Remark[] {
  return variables
    .filter(({ name }) => !known.includes(name))
    .map(({ name, line }) => ({ file, line, what: name, why: 'it has no meaning for the server' }))
}

function attempt<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw usageError(`${file}: ${messageOf(error)}`)
  }
}
