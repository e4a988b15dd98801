/** Serves as another server's command line asks for, once that is known as settings. */
import type { ContentSpec } from '../../content/index.ts'
import { handedSockets } from '../../io/handed-sockets.ts'
import type { Value } from '../config/kind.ts'
import { SettingsSource } from '../config/source.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit.ts'
import { serve } from '../serve.ts'
import { isInBackground, runInBackground } from '../service/background.ts'

/** What a command line of another server means. */
export interface OldServer {
  readonly program: string
  /** By the keys of settings.ts. */
  readonly values: Readonly<Record<string, Value>>
  /** Takes the place of `path`. */
  readonly content?: ContentSpec | undefined
  /** It binds its own sockets; else another program hands it one. */
  readonly isStandalone: boolean
  /** It leaves the terminal. */
  readonly isDaemon: boolean
  /** What is asked for and cannot be had, one line each. */
  readonly remarks: readonly string[]
}

export async function runOld(context: Context, old: OldServer): Promise<number> {
  const { program, values, content, isStandalone, isDaemon, remarks } = old
  if (isDaemon && !isInBackground()) return runInBackground()
  for (const remark of remarks) context.stderr.write(`${program}: ${remark}\n`)
  const sockets = handedSockets()
  if (!isStandalone && sockets.length === 0) {
    context.stderr.write(
      `${program}: no socket was handed to it by inetd or systemd: give it ${STANDALONE[program]} to bind its own\n`,
    )
    return EXIT.usage
  }
  const confinement = process.env[WITHOUT_CONFINEMENT] === undefined ? {} : { confinement: false }
  return serve(
    context,
    new SettingsSource(undefined, { ...values, ...confinement }, { sockets: isStandalone ? [] : sockets, content }),
    program,
  )
}

/** The command lines of other servers have no flag for it. */
const WITHOUT_CONFINEMENT = 'FORESEND_NO_CONFINEMENT'

/** The option that makes it bind its own sockets. */
const STANDALONE: Readonly<Record<string, string>> = { 'in.tftpd': '-l or -L', atftpd: '--daemon' }
