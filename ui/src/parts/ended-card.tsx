/** A transfer that is over: how it ended, and if that was badly, why and what to do. */
import { useState } from 'preact/hooks'
import { type Ended, idOf } from '../ended.ts'
import { get } from '../api.ts'
import { useLoad, useNow } from '../hooks.ts'
import { NotYet } from '../later.tsx'
import { rest } from '../rest.ts'
import { fragmentOf, type TransferId } from '../route.ts'
import { visible } from '../visible.ts'
import type { Diagnosis } from '../wire.ts'
import { agoText, figuresText, outcomeTone, outcomeWord, sentence, uBootLine, whenText } from '../words.ts'
import { Advice } from './advice.tsx'
import { Bar } from './bar.tsx'
import { FileName } from './name.tsx'
import { Words } from './words.tsx'

export interface EndedCardProps {
  readonly ended: Ended
  /** Asks the server why it went badly, where no event told that. */
  readonly asksWhy: boolean
}

export function EndedCard({ ended, asksWhy }: EndedCardProps) {
  const now = useNow(5000)
  const tone = outcomeTone(ended)
  const id = idOf(ended)
  const endMs = ended.startedMs + ended.ms
  return (
    <article class={`card ended ${tone}`}>
      <header>
        <h3>
          {id === undefined ? (
            <FileName file={ended.file} served={ended.served} />
          ) : (
            <a href={fragmentOf({ view: 'transfer', id })}>
              <FileName file={ended.file} served={ended.served} />
            </a>
          )}
        </h3>
        <span class={`pill ${tone}`}>{outcomeWord(ended)}</span>
      </header>
      <p class="quiet">
        {ended.direction === 'read' ? 'to' : 'from'} {ended.client} ·{' '}
        <time dateTime={new Date(endMs).toISOString()} title={whenText(endMs)}>
          {agoText(now - endMs)}
        </time>
      </p>
      {tone === 'bad' && ended.bytes > 0 && (
        <Bar
          label={`${visible(ended.file)}, where it ended`}
          bytes={ended.bytes}
          sizeBytes={ended.sizeBytes}
          tone="bad"
        />
      )}
      {ended.bytes > 0 && <p class="figures">{figuresText(ended)}</p>}
      {asksWhy && id !== undefined && ended.cause !== undefined && ended.explanation === undefined ? (
        <AskedWords ended={ended} id={id} />
      ) : (
        <EndedWords ended={ended} />
      )}
      {id !== undefined && isTelling(ended) && <PacketsOnDemand id={id} ended={ended} />}
    </article>
  )
}

/** The history has the name of a cause; its words are those of the diagnosis. */
function AskedWords({ ended, id }: { readonly ended: Ended; readonly id: TransferId }) {
  const { value } = useLoad((signal) => get<Diagnosis>(`/diagnosis/${id}`, signal), [id])
  const [first] = value?.causes ?? []
  return (
    <EndedWords
      ended={first === undefined ? ended : { ...ended, explanation: first.explanation, advice: first.advice }}
    />
  )
}

/** Why, what to do, and what to compare on the device. */
export function EndedWords({ ended }: { readonly ended: Ended }) {
  const { client, reason, explanation, advice, crc32, lastAck, outcome, direction } = ended
  const isRead = direction === 'read'
  return (
    <>
      {reason !== undefined && (
        <p class="why">
          <Words text={sentence(withoutLabel(reason, client))} />
        </p>
      )}
      {explanation !== undefined && explanation !== reason && (
        <p class="why">
          <Advice text={sentence(explanation)} />
        </p>
      )}
      {lastAck === 'missing' && (
        <p class="why">Only its last acknowledgement is missing; many devices restart before they send it.</p>
      )}
      {advice !== undefined && (
        <p class="advice">
          <strong>What to do:</strong> <Advice text={sentence(advice)} />
        </p>
      )}
      {crc32 !== undefined && outcome === 'completed' && isRead && (
        <p class="crc">
          In U-Boot <code>{uBootLine(ended.bytes)}</code> must show <code>{crc32}</code>
        </p>
      )}
    </>
  )
}

/** A reason begins with file and client, which stand above it. */
function withoutLabel(reason: string, client: string): string {
  const label = ` ${client}: `
  const at = reason.indexOf(label)
  return at < 0 ? reason : reason.slice(at + label.length)
}

/** Packets are kept of what stalled or broke off. */
function isTelling({ outcome, stalls = 0, blocks, cause }: Ended): boolean {
  return stalls > 0 || cause !== undefined || ((outcome === 'failed' || outcome === 'superseded') && blocks > 0)
}

function PacketsOnDemand({ id, ended }: { readonly id: TransferId; readonly ended: Ended }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>What its packets show</summary>
      {isOpen && <PacketsOf id={id} ended={ended} />}
    </details>
  )
}

function PacketsOf({ id, ended }: { readonly id: TransferId; readonly ended: Ended }) {
  const Packets = rest.code.value?.Packets
  if (Packets === undefined) return <NotYet what={rest} />
  const { direction, blocks, optionsAgreed = '' } = ended
  return <Packets id={id} direction={direction} blocks={blocks} optionsAgreed={optionsAgreed} />
}
