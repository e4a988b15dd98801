/** What can be wrong with a database while it is written, and what is done about it. */
import { ForesendError } from '../error.ts'
import { ERRCODE, errcodeOf } from './sqlite.ts'

/**
 * `wait`: try the same again later. `reopen`: the file as well. `broken`: set the file aside. `off`: the file is not ours; nothing more
 * is tried. `lose`: this batch cannot be written, the next one may.
 */
export type Remedy = 'wait' | 'reopen' | 'broken' | 'off' | 'lose'

export interface Trouble {
  readonly remedy: Remedy
  /** For a person, without an end. */
  readonly text: string
}

export function troubleOf(error: unknown): Trouble {
  if (error instanceof ForesendError) return { remedy: 'off', text: error.message }
  const errcode = errcodeOf(error)
  if (errcode !== undefined) return fromSqlite(errcode, textOf(error))
  const errno = (error as NodeJS.ErrnoException | undefined)?.code
  if (typeof errno === 'string' && /^E[A-Z0-9]+$/.test(errno)) return { remedy: 'reopen', text: fromSystem(errno) }
  return { remedy: 'lose', text: textOf(error) }
}

function fromSqlite(errcode: number, message: string): Trouble {
  switch (errcode) {
    case ERRCODE.full:
      return { remedy: 'wait', text: 'the disk is full; make room there' }
    case ERRCODE.busy:
    case ERRCODE.locked:
      return { remedy: 'wait', text: 'another program holds the database; end that' }
    case ERRCODE.corrupt:
    case ERRCODE.notADatabase:
      return { remedy: 'broken', text: message }
    case ERRCODE.readOnly:
      return { remedy: 'reopen', text: 'it is read-only; make the file and its folder writable' }
    case ERRCODE.cannotOpen:
      return { remedy: 'reopen', text: 'it cannot be opened; look at the permissions of the file and its folder' }
    case ERRCODE.io:
      return { remedy: 'reopen', text: `the disk does not take it (${message}); look at the disk and the room there` }
    default:
      return { remedy: 'lose', text: message }
  }
}

function fromSystem(errno: string): string {
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return 'not permitted; name another folder with --state'
    case 'EROFS':
      return 'the file system is read-only; name another folder with --state'
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full; make room there'
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a file is where the folder should be; name another folder with --state'
    default:
      return `${errno}; look at the folder`
  }
}

function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, ' ')
}
