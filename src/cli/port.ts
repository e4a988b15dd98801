/** Port 69 is where devices ask. Where it cannot be had, 6969 is better than nothing, said in one clear line. */
import { ForesendError } from '../error.ts'
import type { Server, ServerConfigInput } from '../server/server.ts'

export const USUAL_PORT = 69
export const FALLBACK_PORT = 6969

export interface Started {
  readonly server: Server
  /** As it was asked for in the end. */
  readonly port: number
  /** Why the port is not the usual one, and how to get that. */
  readonly notice: string | undefined
}

/** Starts on port 69, or on 6969 when 69 is taken or not permitted. Other failures are thrown on. */
export async function startOnUsualPort(
  start: (config: ServerConfigInput) => Promise<Server>,
  config: Omit<ServerConfigInput, 'port'>,
): Promise<Started> {
  try {
    return { server: await start({ ...config, port: USUAL_PORT }), port: USUAL_PORT, notice: undefined }
  } catch (error) {
    const notice = remedyFor(systemCode(error))
    if (!(error instanceof ForesendError) || error.code !== 'ERR_TFTP_BIND' || notice === undefined) throw error
    const server = await start({ ...config, port: FALLBACK_PORT })
    return {
      server,
      port: FALLBACK_PORT,
      notice: `${notice}. Until then this is port ${FALLBACK_PORT}, and most devices ask only port ${USUAL_PORT}`,
    }
  }
}

/** What was in the way of port 69, by the system's error code, and what removes it. */
function remedyFor(code: string | undefined): string | undefined {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return process.platform === 'linux'
        ? `Port ${USUAL_PORT} needs a privilege: run it with sudo, or once \`sudo sysctl net.ipv4.ip_unprivileged_port_start=${USUAL_PORT}\``
        : `Port ${USUAL_PORT} needs a privilege: run it as administrator`
    case 'EADDRINUSE':
      return `Port ${USUAL_PORT} is taken by another program: \`sudo ss -ulpn 'sport = :${USUAL_PORT}'\` names it, stop that one first`
    default:
      return undefined
  }
}

/** The system's code of the first error in the chain of causes that has one. */
function systemCode(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code: unknown = 'code' in at ? at.code : undefined
    if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) return code
  }
  return undefined
}
