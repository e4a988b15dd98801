/** One transfer: while it runs, and after its end. */
import type { ComponentChildren } from 'preact'
import { change, get } from '../api.ts'
import { ConfirmButton } from '../parts/confirm-button.tsx'
import { EndedWords } from '../parts/ended-card.tsx'
import { Bar } from '../parts/bar.tsx'
import { FileName, Name } from '../parts/name.tsx'
import { Packets } from '../parts/packets.tsx'
import { Progress } from '../parts/transfer-card.tsx'
import { Waiting } from '../parts/loading.tsx'
import { type Ended, endedByRow, idOf, joined } from '../ended.ts'
import { settled, useLoad } from '../hooks.ts'
import { live } from '../live.ts'
import { fragmentOf, type TransferId } from '../route.ts'
import { countText, durationText, sizeText } from '../units.ts'
import { visible } from '../visible.ts'
import { figuresText, outcomeTone, outcomeWord, sentence, stateWord, whenText } from '../words.ts'
import type { Cause, Diagnosis, HistoryRow, TransferView } from '../wire.ts'
import { Advice } from '../parts/advice.tsx'

export function TransferPage({ id }: { readonly id: TransferId }) {
  const view = (live.frames.value, live.transfers.get(Number(id)))
  if (view !== undefined) return <RunningTransfer view={view} />
  return <EndedTransfer id={id} told={live.ended.value.find((one) => String(one.runId) === id || idOf(one) === id)} />
}

function RunningTransfer({ view }: { readonly view: TransferView }) {
  const { id, client, file, served, direction, state, blksize, window, datagrams, retransmitted, stalls, since } = view
  return (
    <article class="page">
      <Back />
      <header>
        <h1>
          <FileName file={file} served={served} />
        </h1>
        <span class={`pill ${state}`}>{stateWord(view)}</span>
      </header>
      <p class="quiet">
        {direction === 'read' ? 'to' : 'from'} {client} · since {whenText(since)}
      </p>
      <Progress view={view} />
      <p class="words">
        <Advice text={view.inWords} />
      </p>
      <ConfirmButton
        title="Abort"
        question="End this transfer? Its device gets an ERROR."
        yes="Abort it"
        no="Let it run"
        act={() => change('POST', `/transfers/${id}/abort`)}
      />
      <h2>Packets</h2>
      <Packets
        id={String(id)}
        direction={direction}
        blocks={blksize === undefined ? 0 : Math.ceil(view.bytes / blksize)}
        optionsAgreed=""
        isRunning
      />
      <h2>Figures</h2>
      <dl class="facts">
        <Fact title="Block size">{blksize === undefined ? 'not agreed yet' : `${blksize} bytes`}</Fact>
        <Fact title="Window">{countText(window, 'block')} at a time</Fact>
        <Fact title="Datagrams">{datagrams}</Fact>
        <Fact title={direction === 'read' ? 'Sent again' : 'Received again'}>{retransmitted}</Fact>
        <Fact title="Stood still">{countText(stalls, 'time')}</Fact>
        <Fact title="Number">{id}</Fact>
      </dl>
    </article>
  )
}

function EndedTransfer({ id, told }: { readonly id: TransferId; readonly told: Ended | undefined }) {
  const loaded = useLoad(
    (signal) => get<{ transfer?: TransferView; ended?: HistoryRow }>(`/transfers/${id}`, signal),
    [id, settled.value],
  )
  const row = loaded.value?.ended
  const read = row === undefined ? undefined : endedByRow(row)
  const ended = told === undefined ? read : read === undefined ? told : (joined([told], [read], 1)[0] ?? told)
  const diagnosis = useLoad((signal) => get<Diagnosis>(`/diagnosis/${id}`, signal), [id, settled.value])
  if (ended === undefined) {
    return (
      <article class="page">
        <Back />
        <h1>Transfer {id}</h1>
        {loaded.problem?.status === 404 ? (
          <p>No transfer with this number runs or is in the history. Older ones may have been dropped from it.</p>
        ) : (
          <Waiting loaded={loaded} />
        )}
      </article>
    )
  }
  const tone = outcomeTone(ended)
  const causes = diagnosis.value?.causes ?? []
  return (
    <article class={`page ${tone}`}>
      <Back />
      <header>
        <h1>
          <FileName file={ended.file} served={ended.served} />
        </h1>
        <span class={`pill ${tone}`}>{outcomeWord(ended)}</span>
      </header>
      <p class="quiet">
        {ended.direction === 'read' ? 'to' : 'from'} {ended.client} · {whenText(ended.startedMs)}, for{' '}
        {durationText(ended.ms)}
      </p>
      {ended.bytes > 0 && tone !== 'good' && (
        <Bar label="Where it ended" bytes={ended.bytes} sizeBytes={ended.sizeBytes} tone={tone} />
      )}
      <p class="figures">{figuresText(ended)}</p>
      <EndedWords ended={causes.length === 0 ? ended : { ...ended, explanation: undefined, advice: undefined }} />
      <Causes causes={causes} />
      <h2>Packets</h2>
      <Packets id={id} direction={ended.direction} blocks={ended.blocks} optionsAgreed={ended.optionsAgreed ?? ''} />
      <h2>Figures</h2>
      <EndedFacts ended={ended} id={id} />
    </article>
  )
}

function EndedFacts({ ended, id }: { readonly ended: Ended; readonly id: TransferId }) {
  const { device, optionsAsked, optionsAgreed, blksize, crc32, code } = ended
  return (
    <dl class="facts">
      {device !== undefined && (
        <Fact title="Device">
          <a href={fragmentOf({ view: 'device', name: device })}>
            <Name text={device} />
          </a>
        </Fact>
      )}
      <Fact title="Bytes">
        {ended.bytes}
        {ended.sizeBytes !== undefined && ended.sizeBytes !== ended.bytes && ` of ${ended.sizeBytes}`}
        {ended.bytes >= 1000 && ` (${sizeText(ended.bytes)})`}
      </Fact>
      <Fact title="Blocks">
        {ended.blocks}
        {blksize !== undefined && ` of ${blksize} bytes`}
      </Fact>
      <Fact title="Datagrams">{ended.datagrams}</Fact>
      <Fact title={ended.direction === 'read' ? 'Sent again' : 'Received again'}>{ended.retransmitted}</Fact>
      <Fact title="Window at its end">{countText(ended.window, 'block')}</Fact>
      {ended.stalls !== undefined && <Fact title="Stood still">{countText(ended.stalls, 'time')}</Fact>}
      {optionsAsked !== undefined && (
        <Fact title="Options asked">{optionsAsked === '' ? 'none' : <Name text={optionsAsked} />}</Fact>
      )}
      {optionsAgreed !== undefined && optionsAsked !== '' && (
        <Fact title="Options agreed">{optionsAgreed === '' ? 'none' : <Name text={optionsAgreed} />}</Fact>
      )}
      {crc32 !== undefined && (
        <Fact title="CRC32">
          <code>{crc32}</code>
        </Fact>
      )}
      {code !== undefined && <Fact title="Error">{visible(code)}</Fact>}
      <Fact title="Number">{id}</Fact>
    </dl>
  )
}

/** Every cause that fits, the likeliest first, with what shows it. */
function Causes({ causes }: { readonly causes: readonly Cause[] }) {
  if (causes.length === 0) return null
  return (
    <section aria-label="Causes">
      <h2>{causes.length === 1 ? 'Most likely why' : 'Why, the likeliest first'}</h2>
      <ol class="causes">
        {causes.map(({ id, confidence, explanation, advice, evidence }) => (
          <li key={id}>
            <p>
              <Advice text={sentence(explanation)} /> <span class="quiet">({Math.round(confidence * 100)} % sure)</span>
            </p>
            {advice !== '' && (
              <p class="advice">
                <strong>What to do:</strong> <Advice text={sentence(advice)} />
              </p>
            )}
            {evidence.length > 0 && (
              <details>
                <summary>What shows it</summary>
                <ul>
                  {evidence.map((line) => (
                    <li key={line}>
                      <Advice text={line} />
                    </li>
                  ))}
                </ul>
              </details>
            )}
          </li>
        ))}
      </ol>
    </section>
  )
}

function Back() {
  return (
    <p class="back">
      <a href="#/transfers">← Now</a>
    </p>
  )
}

export function Fact({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  )
}
