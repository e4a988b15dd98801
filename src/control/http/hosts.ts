/**
 * Which Host headers name this server. A page of another site can give its own name this machine's address (DNS rebinding), and is then of the
 * same origin as this server for the browser: its Host header is all that tells it apart. So names are compared whole, never by a part.
 */
import { authorityOf, type HttpPlace } from './place.ts'

const PORT_OF = { http: 80, https: 443 } as const

/** `names` are host names, with a port or without. */
export function hostCheck(
  scheme: 'http' | 'https',
  { address, port }: HttpPlace,
  names: readonly string[],
): (host: string, local: string) => boolean {
  const ours = new Set<string>()
  const add = (host: string, at: number): void => {
    ours.add(authorityOf({ address: host, port: at }))
    if (at === PORT_OF[scheme]) ours.add(host.includes(':') ? `[${host}]` : host)
  }
  for (const host of ['localhost', '127.0.0.1', '::1', address]) add(host, port)
  for (const name of names) {
    if (name.includes(':')) ours.add(name)
    else {
      add(name, port)
      // A proxy in front of it has the usual port.
      ours.add(name)
    }
  }
  return (host, local) => {
    const asked = normal(host)
    if (ours.has(asked)) return true
    const own = local.replace(/^::ffff:/, '').replace(/%.*$/, '')
    if (asked === authorityOf({ address: own, port })) return true
    return port === PORT_OF[scheme] && asked === (own.includes(':') ? `[${own}]` : own)
  }
}

/** In lower case, and without the dot that may end a name. */
function normal(host: string): string {
  return host.toLowerCase().replace(/\.(?=:\d+$|$)/, '')
}
