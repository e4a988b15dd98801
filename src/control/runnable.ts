/** Whether a command can be started, found out before the first event needs it. */
import { accessSync, closeSync, constants, existsSync, openSync, readSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** As long as Linux looks for the end of a first line. */
const FIRST_LINE_BYTES = 256

/** Why `command` cannot be started by this user, and what to do; undefined when nothing speaks against it. */
export function whyNotRunnable(command: string): string | undefined {
  // Windows tries endings of names, and has no permission to execute.
  if (process.platform === 'win32') return undefined
  const path = command.includes('/') ? command : onPath(command)
  if (path === undefined) return 'no folder of PATH has such a program; give its whole path'
  try {
    if (!statSync(path).isFile()) return 'this is no file; name the program itself'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES') return 'the way to it is not open to this user; check the permissions of its folders'
    return code === 'ENOENT' ? 'there is no such program; check the path' : `it cannot be run (${code}); check the path`
  }
  if (!isExecutable(path)) return `this user may not execute it; chmod +x ${path}`
  const interpreter = interpreterOf(path)
  if (interpreter === undefined || existsSync(interpreter)) return undefined
  const end = interpreter.endsWith('\r') ? ' (its lines end as on Windows)' : ''
  return `its first line names ${JSON.stringify(interpreter)}, which is not there${end}; correct that line`
}

function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** Whether this user may execute the file `path`. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What `#!` names; undefined for a program that is no script, or may not be read. */
function interpreterOf(path: string): string | undefined {
  const bytes = Buffer.alloc(FIRST_LINE_BYTES)
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return undefined
  }
  try {
    const text = bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0))
    return /^#![ \t]*(\/[^ \t\n]*)[ \t\n]/.exec(text)?.[1]
  } finally {
    closeSync(file)
  }
}
