/** The last packets of a transfer, as a plot and as a list. The code that draws is loaded when it is needed. */
import type { FunctionComponent } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { get } from '../api.ts'
import { useLoad } from '../hooks.ts'
import type { TransferId } from '../route.ts'
import { plotText, tracePoints } from '../trace-points.ts'
import type { TraceEntry } from '../wire.ts'
import { Waiting } from './loading.tsx'
import type { TracePlotProps } from './trace-plot.tsx'

export interface PacketsProps {
  readonly id: TransferId
  readonly direction: 'read' | 'write'
  readonly blocks: number
  readonly optionsAgreed: string
  /** Asks again every second, while the transfer runs. */
  readonly isRunning?: boolean
}

type Plot = FunctionComponent<TracePlotProps>

const AGAIN_MS = 1000
/** What has just ended is not in the history yet: asked for again this often. */
const MOST_RETRIES = 4
/** Packets that are listed: the last round trips. */
const LISTED = 32

export function Packets({ id, direction, blocks, optionsAgreed, isRunning = false }: PacketsProps) {
  const loaded = useLoad((signal) => get<{ trace: TraceEntry[] }>(`/transfers/${id}/trace`, signal), [id, isRunning])
  const [Plot, setPlot] = useState<Plot | undefined>(undefined)
  useEffect(() => {
    // A function as it is would be called for the next state.
    void import('./trace-plot.tsx').then(({ TracePlot }) => setPlot(() => TracePlot))
  }, [])
  const [retries, setRetries] = useState(0)
  const isEarly = loaded.problem?.status === 404 && !id.startsWith('h') && retries < MOST_RETRIES
  useEffect(() => {
    if ((!isRunning && !isEarly) || loaded.isLoading) return
    if (isEarly) setRetries(retries + 1)
    const timer = setTimeout(loaded.reload, AGAIN_MS)
    return () => clearTimeout(timer)
  }, [isRunning, loaded.isLoading])
  const trace = loaded.value?.trace
  const points = useMemo(
    () =>
      trace === undefined
        ? undefined
        : tracePoints({ trace, direction, blocks, rollover: /\brollover=1\b/.test(optionsAgreed) ? 1 : 0 }),
    [trace],
  )
  if (isEarly) return <p class="quiet">Asking the server …</p>
  if (loaded.problem?.status === 404) {
    return <p class="quiet">Its packets were not kept: they are kept of transfers that stalled or broke off.</p>
  }
  if (trace === undefined || points === undefined) return <Waiting loaded={loaded} />
  if (points.seconds.length === 0) return <p class="quiet">No block was sent or acknowledged.</p>
  const inWords = plotText(points)
  return (
    <div class="packets">
      {Plot === undefined ? (
        <div class="plot-place" />
      ) : (
        <Plot points={points} direction={direction} inWords={inWords} />
      )}
      <p class="quiet">{inWords}</p>
      <details>
        <summary>The last {Math.min(LISTED, trace.length)} packets as a list</summary>
        <ol class="packet-list">
          {trace.slice(-LISTED).map((entry, index) => (
            <li key={index}>
              <span class="num">{(entry.ms / 1000).toFixed(4)} s</span> {entry.sent ? '→ sent' : '← received'}{' '}
              {packetText(entry)}
            </li>
          ))}
        </ol>
      </details>
    </div>
  )
}

const KINDS: Readonly<Record<TraceEntry['kind'], string>> = {
  other: 'something else',
  data: 'DATA',
  ack: 'ACK',
  error: 'ERROR',
  oack: 'OACK',
  through: 'and on to DATA',
  request: 'a request',
}

function packetText({ kind, number }: TraceEntry): string {
  return kind === 'oack' || kind === 'request' || kind === 'other' ? KINDS[kind] : `${KINDS[kind]} ${number}`
}
