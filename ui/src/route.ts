/** Addresses within the page: every view, transfer, device and filter has one, in the fragment. */
import { signal } from '@preact/signals'

export type Route =
  | { readonly view: 'now' }
  | { readonly view: 'transfer'; readonly id: TransferId }
  | { readonly view: 'devices' }
  | { readonly view: 'device'; readonly name: string }
  | { readonly view: 'files'; readonly search: string }
  | { readonly view: 'history'; readonly filter: HistoryFilter }

/** `17`: of this run of the server. `h17`: a row of its history. */
export type TransferId = string

export interface HistoryFilter {
  readonly device?: string
  readonly file?: string
  readonly outcome?: string
  readonly direction?: string
}

const FILTER_KEYS = ['device', 'file', 'outcome', 'direction'] as const

export const route = signal<Route>({ view: 'now' })

/** What `fragment`, with its `#`, names; `now` where it names nothing. */
export function routeOf(fragment: string): Route {
  const [path = '', query = ''] = fragment.replace(/^#\/?/, '').split('?', 2)
  const [first, ...rest] = path.split('/')
  const argument = decoded(rest.join('/'))
  const params = new URLSearchParams(query)
  switch (first) {
    case 'transfers':
      return /^h?\d{1,15}$/.test(argument) ? { view: 'transfer', id: argument } : { view: 'now' }
    case 'devices':
      return argument === '' ? { view: 'devices' } : { view: 'device', name: argument }
    case 'files':
      return { view: 'files', search: params.get('search') ?? '' }
    case 'history':
      return {
        view: 'history',
        filter: Object.fromEntries(
          FILTER_KEYS.flatMap((key) => {
            const value = params.get(key)
            return value === null || value === '' ? [] : [[key, value]]
          }),
        ),
      }
    default:
      return { view: 'now' }
  }
}

export function fragmentOf(to: Route): string {
  switch (to.view) {
    case 'now':
      return '#/transfers'
    case 'transfer':
      return `#/transfers/${to.id}`
    case 'devices':
      return '#/devices'
    case 'device':
      return `#/devices/${encodeURIComponent(to.name.toWellFormed())}`
    case 'files':
      return `#/files${to.search === '' ? '' : `?${queryOf({ search: to.search })}`}`
    case 'history': {
      const query = queryOf({ ...to.filter })
      return `#/history${query === '' ? '' : `?${query}`}`
    }
  }
}

/** Parameters that are left out or empty do not appear. */
export function queryOf(values: Readonly<Record<string, string | number | undefined>>): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') params.set(key, String(value))
  }
  return params.toString()
}

/** Replaces the address without an entry in the browser's history: for filters while they are typed. */
export function replaceRoute(to: Route): void {
  history.replaceState(null, '', fragmentOf(to))
  route.value = to
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
