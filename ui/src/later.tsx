/** Code that is loaded when it is first shown, or before that when nothing else is left to load. */
import { type Signal, signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

export interface Later<T> {
  readonly code: Signal<T | undefined>
  readonly hasFailed: Signal<boolean>
  readonly load: () => void
}

export function later<T>(fetchCode: () => Promise<T>): Later<T> {
  const code = signal<T | undefined>(undefined)
  const hasFailed = signal(false)
  let isAsked = false
  const load = (): void => {
    if (isAsked) return
    isAsked = true
    hasFailed.value = false
    fetchCode().then(
      (value) => void (code.value = value),
      () => {
        isAsked = false
        hasFailed.value = true
      },
    )
  }
  return { code, hasFailed, load }
}

/** In the place of what is not loaded yet. */
export function NotYet({ what }: { readonly what: Later<unknown> }) {
  useEffect(what.load, [what])
  if (!what.hasFailed.value) return <p class="quiet">Asking the server …</p>
  return (
    <p class="problem" role="alert">
      This part of the page did not come: the server does not answer, or it was replaced by another version.{' '}
      <button type="button" class="small" onClick={() => location.reload()}>
        Load the page again
      </button>
    </p>
  )
}
