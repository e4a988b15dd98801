/** The token that changes (and, beyond loopback, reads) need. It comes in the fragment of the printed link and stays in this tab. */
const KEY = 'foresend-token'

export function token(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined
}

export function setToken(value: string): void {
  sessionStorage.setItem(KEY, value)
}

/** Takes `#t=TOKEN` out of the address, so that it stands in no history entry and no copied link. True when there was one. */
export function takeToken(): boolean {
  const found = /^#t=([^&/]+)/.exec(location.hash)
  if (found === null) return false
  setToken(decodeURIComponent(found[1]))
  history.replaceState(null, '', `${location.pathname}#/`)
  return true
}

export function authorization(): Record<string, string> {
  const value = token()
  return value === undefined ? {} : { authorization: `Bearer ${value}` }
}
