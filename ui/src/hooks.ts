/** What several views need of the browser: the time, the width, and answers of the server. */
import { signal } from '@preact/signals'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { Problem } from './api.ts'
import { live } from './live.ts'

/** The server's time, again every `stepMs`. */
export function useNow(stepMs: number): number {
  const [now, setNow] = useState(live.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(live.now()), stepMs)
    return () => clearInterval(timer)
  }, [stepMs])
  return now
}

export function useMedia(query: string): boolean {
  const [isTrue, setTrue] = useState(() => matchMedia(query).matches)
  useEffect(() => {
    const list = matchMedia(query)
    const changed = (): void => setTrue(list.matches)
    list.addEventListener('change', changed)
    changed()
    return () => list.removeEventListener('change', changed)
  }, [query])
  return isTrue
}

export interface Loaded<T> {
  /** The last answer; it stays while the next one is on its way. */
  readonly value: T | undefined
  readonly problem: Problem | undefined
  readonly isLoading: boolean
  readonly reload: () => void
}

/** Asks the server now, and again when one of `keys` changes. */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, keys: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, 'reload'>>({
    value: undefined,
    problem: undefined,
    isLoading: true,
  })
  const [round, setRound] = useState(0)
  useEffect(() => {
    const controller = new AbortController()
    setState((before) => ({ ...before, isLoading: true }))
    load(controller.signal).then(
      (value) => {
        if (!controller.signal.aborted) setState({ value, problem: undefined, isLoading: false })
      },
      (error: unknown) => {
        if (controller.signal.aborted) return
        const problem = error instanceof Problem ? error : new Problem(0, '', String(error))
        setState((before) => ({ ...before, problem, isLoading: false }))
      },
    )
    return () => controller.abort()
  }, [...keys, round])
  return { ...state, reload: useCallback(() => setRound((before) => before + 1), []) }
}

export interface Pages<P> {
  readonly pages: readonly P[]
  readonly hasMore: boolean
  /** Why the last one did not come; '' where it did. */
  readonly problem: string
  readonly more: () => void
}

/** The first page of a list and those that were asked for behind it, which are forgotten when one of `keys` changes. */
export function usePages<P extends { readonly next: string | null }>(
  first: P | undefined,
  load: (after: string) => Promise<P>,
  keys: readonly unknown[],
): Pages<P> {
  const [rest, setRest] = useState<readonly P[]>([])
  const [problem, setProblem] = useState('')
  useEffect(() => setRest([]), keys)
  const pages = first === undefined ? [] : [first, ...rest]
  const next = pages.at(-1)?.next ?? null
  const append = async (after: string): Promise<void> => {
    try {
      const page = await load(after)
      setRest((before) => [...before, page])
      setProblem('')
    } catch (error) {
      setProblem(error instanceof Problem ? error.message : String(error))
    }
  }
  return { pages, hasMore: next !== null, problem, more: () => void (next !== null && append(next)) }
}

/** The address follows a form when the typing pauses. */
const TYPING_MS = 250

/**
 * What is typed into a form whose values stand in the address as `given`. `tell` puts them there. What comes from elsewhere (a link, the way
 * back) replaces what was typed. What the form itself put there does not, as more may have been typed since.
 */
export function useTyped<T>(
  given: T,
  textOf: (value: T) => string,
  tell: (value: T) => void,
): readonly [T, (value: T) => void] {
  const [typed, setTyped] = useState(given)
  const text = textOf(given)
  /** What stands in the address, or will in a moment. */
  const told = useRef(text)
  useEffect(() => {
    // An effect runs some time after the form is drawn: by then something may be typed.
    if (text === told.current) return
    told.current = text
    setTyped(given)
  }, [text])
  useEffect(() => {
    if (textOf(typed) === told.current) return
    const timer = setTimeout(() => {
      told.current = textOf(typed)
      tell(typed)
    }, TYPING_MS)
    return () => clearTimeout(timer)
  }, [typed])
  return [typed, setTyped]
}

/** Counts up some time after transfers have ended, and when the server is back: then lists are worth asking for again. */
export const settled = signal(0)

const SETTLE_MS = 1500
let settling: ReturnType<typeof setTimeout> | undefined

export function settleSoon(): void {
  settling ??= setTimeout(() => {
    settling = undefined
    settled.value++
  }, SETTLE_MS)
}
