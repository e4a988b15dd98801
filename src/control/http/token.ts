/** The secret that allows changes, and beyond loopback a look. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ForesendError } from '../../error.ts'

/** In the state folder, for commands of the same user. */
const TOKEN_FILE = 'http-token'
const TOKEN_MODE = 0o600
const MADE_BYTES = 24
/** Fewer could be guessed. */
const MIN_CHARS = 16
const MAX_CHARS = 512

export class Token {
  readonly text: string
  readonly #digest: Buffer

  constructor(text: string) {
    this.text = text
    this.#digest = digestOf(text)
  }

  /** Whether an Authorization header has it. Takes the same time for each wrong one of the same length. */
  isIn(authorization: string | undefined): boolean {
    const given = /^Bearer +([!-~]{1,512})$/i.exec(authorization ?? '')?.[1]
    return given !== undefined && timingSafeEqual(digestOf(given), this.#digest)
  }
}

/** The token in `path`. Throws ERR_TFTP_USAGE. */
export function readToken(path: string): Token {
  const wrong = (why: string): ForesendError =>
    new ForesendError('ERR_TFTP_USAGE', `--http-token-file ${path}: ${why}`, { fault: 'local' })
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw wrong(`cannot be read (${(error as NodeJS.ErrnoException).code}); name a file with the token in it`)
  }
  if (!isToken(text))
    throw wrong(`it takes one line of at least ${MIN_CHARS} printable characters: \`openssl rand -hex 24\` makes one`)
  return new Token(text)
}

/** The one that an earlier start made in `folder`, so that open pages go on; else a new one, which is kept there. Throws what the system throws. */
export function keptToken(folder: string): Token {
  const path = join(folder, TOKEN_FILE)
  try {
    const text = readFileSync(path, 'utf8').trim()
    if (isToken(text)) return new Token(text)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const made = newToken()
  writeFileSync(path, `${made.text}\n`, { mode: TOKEN_MODE })
  // A file that was there keeps the mode that it had.
  chmodSync(path, TOKEN_MODE)
  return made
}

/** One of this start alone. */
export function newToken(): Token {
  return new Token(randomBytes(MADE_BYTES).toString('base64url'))
}

function isToken(text: string): boolean {
  return text.length >= MIN_CHARS && text.length <= MAX_CHARS && /^[!-~]+$/.test(text)
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
