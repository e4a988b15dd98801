/** Questions to the server. An answer that is no success throws a `Problem` with the server's own words. */
import { signal } from '@preact/signals'
import { BASE } from './base.ts'
import { authorization } from './token.ts'

/** True when the server has answered that the token is missing or wrong. */
export const tokenWanted = signal(false)

export class Problem extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return ask<T>(path, signal === undefined ? {} : { signal })
}

/** For what changes something: the content type makes another site's script ask for leave first, which it never gets. */
export function change<T>(method: 'POST' | 'DELETE', path: string): Promise<T> {
  return ask<T>(path, { method, headers: { 'content-type': 'application/json' }, body: '{}' })
}

/** Puts a file. `progressed` gets the share that has left. */
export function put(name: string, file: Blob, overwrite: boolean, progressed: (share: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    // `fetch` does not tell how much of a body has left.
    const request = new XMLHttpRequest()
    request.open('PUT', `${BASE}/files/${pathOf(name)}${overwrite ? '?overwrite' : ''}`)
    for (const [header, value] of Object.entries(authorization())) request.setRequestHeader(header, value)
    request.setRequestHeader('content-type', 'application/octet-stream')
    request.upload.onprogress = (event) => progressed(event.total === 0 ? 1 : event.loaded / event.total)
    request.onerror = () => reject(new Problem(0, '', 'the connection broke off; nothing was kept of it'))
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve()
      else reject(problemOf(request.status, request.responseText))
    }
    request.send(file)
  })
}

/** A name as one part of a path; slashes inside are escaped as well. */
export function pathOf(name: string): string {
  return encodeURIComponent(name.toWellFormed())
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(BASE + path, { ...init, headers: { ...init.headers, ...authorization() } }).catch(
    (cause: unknown) => {
      throw init.signal?.aborted === true ? cause : new Problem(0, '', 'the server does not answer')
    },
  )
  const text = await response.text()
  if (!response.ok) throw problemOf(response.status, text)
  return JSON.parse(text) as T
}

function problemOf(status: number, text: string): Problem {
  if (status === 401) tokenWanted.value = true
  try {
    const { code, detail } = JSON.parse(text) as { code?: string; detail?: string }
    return new Problem(status, code ?? '', detail ?? `the server answered ${status}`)
  } catch {
    return new Problem(status, '', `the server answered ${status}`)
  }
}
