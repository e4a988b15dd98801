/** Instead of an answer: that it is on its way, or why there is none. */
import type { Loaded } from '../hooks.ts'
import { Advice } from './advice.tsx'

export function Waiting<T>({ loaded }: { readonly loaded: Loaded<T> }) {
  if (loaded.problem !== undefined) {
    return (
      <p class="problem" role="alert">
        <Advice text={loaded.problem.message} />{' '}
        <button type="button" class="small" onClick={loaded.reload}>
          Try again
        </button>
      </p>
    )
  }
  return loaded.value === undefined ? <p class="quiet">Asking the server …</p> : null
}
