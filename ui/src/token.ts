/** The token that changes (and, beyond loopback, reads) need. It comes in the fragment of the printed link and stays in this tab. */
import { signal } from '@preact/signals'

const KEY = 'foresend-token'

/** True when the server has answered that the token is missing or wrong. */
export const tokenWanted = signal(false)

export function token(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined
}

export function setToken(value: string): void {
  sessionStorage.setItem(KEY, value)
  tokenWanted.value = false
}

/** Takes `#t=TOKEN` out of the address, so that it stands in no history entry and no copied link. True when there was one. */
export function takeToken(): boolean {
  const found = /^#t=([^&/]+)/.exec(location.hash)
  if (found === null) return false
  setToken(decodeURIComponent(found[1]))
  history.replaceState(null, '', `${location.pathname}#/`)
  return true
}
