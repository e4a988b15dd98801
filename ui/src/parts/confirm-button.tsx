/** A button for what cannot be taken back: it asks once more, in its own place. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { Problem } from '../api.ts'
import { Advice } from './advice.tsx'

export interface ConfirmProps {
  readonly title: string
  readonly question: string
  readonly yes: string
  readonly no: string
  readonly act: () => Promise<unknown>
}

export function ConfirmButton({ title, question, yes, no, act }: ConfirmProps) {
  const [state, setState] = useState<'idle' | 'asked' | 'busy'>('idle')
  const [problem, setProblem] = useState('')
  const first = useRef<HTMLButtonElement>(null)
  const back = useRef<HTMLButtonElement>(null)
  const wasAsked = useRef(false)
  useEffect(() => {
    if (state === 'asked') first.current?.focus()
    else if (state === 'idle' && wasAsked.current) back.current?.focus()
    wasAsked.current = state === 'asked'
  }, [state])
  const go = async (): Promise<void> => {
    setState('busy')
    setProblem('')
    try {
      await act()
    } catch (error) {
      setProblem(error instanceof Problem ? error.message : String(error))
    }
    setState('idle')
  }
  return (
    <div class="confirm">
      {state === 'asked' ? (
        <>
          <span role="alert">{question}</span>
          <button type="button" class="danger" ref={first} onClick={() => void go()}>
            {yes}
          </button>
          <button type="button" onClick={() => setState('idle')}>
            {no}
          </button>
        </>
      ) : (
        <button type="button" ref={back} disabled={state === 'busy'} onClick={() => setState('asked')}>
          {title}
        </button>
      )}
      {problem !== '' && (
        <p class="problem" role="alert">
          <Advice text={problem} />
        </p>
      )}
    </div>
  )
}
