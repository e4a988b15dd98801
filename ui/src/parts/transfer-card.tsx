/** A transfer that runs, when there are few of them. */
import { fragmentOf } from '../route.ts'
import { countText, rateText, sizeText } from '../units.ts'
import { visible } from '../visible.ts'
import { leftMs, leftText, shareOf, stateWord } from '../words.ts'
import type { TransferView } from '../wire.ts'
import { Bar } from './bar.tsx'
import { FileName } from './name.tsx'
import { Advice } from './advice.tsx'

export function TransferCard({ view }: { readonly view: TransferView }) {
  return (
    <article class={`card ${view.state}`}>
      <header>
        <h3>
          <a href={fragmentOf({ view: 'transfer', id: String(view.id) })}>
            <FileName file={view.file} served={view.served} />
          </a>
        </h3>
        <span class={`pill ${view.state}`}>{stateWord(view)}</span>
      </header>
      <p class="quiet">
        {view.direction === 'read' ? 'to' : 'from'} {view.client}
      </p>
      <Progress view={view} />
      <p class="words">
        <Advice text={view.inWords} />
      </p>
    </article>
  )
}

/** The bar and its figures. */
export function Progress({ view }: { readonly view: TransferView }) {
  const { bytes, sizeBytes, rateBytesPerSec, window, retransmitted, stalls, direction, state } = view
  const share = shareOf(view)
  return (
    <>
      <div class="progress">
        <Bar label={visible(view.file)} bytes={bytes} sizeBytes={sizeBytes} tone={state} />
        <span class="percent">{share === undefined ? '' : `${Math.floor(share * 100)} %`}</span>
      </div>
      <ul class="figures">
        <li>
          {sizeText(bytes)}
          {sizeBytes !== undefined && ` of ${sizeText(sizeBytes)}`}
        </li>
        <li>{state === 'running' ? rateText(rateBytesPerSec) : 'no progress'}</li>
        {state === 'running' && sizeBytes !== undefined && <li>{leftText(leftMs(view))}</li>}
        <li>{countText(window, 'block')} at a time</li>
        {retransmitted > 0 && (
          <li>
            {retransmitted} {direction === 'read' ? 'sent again' : 'received again'}
          </li>
        )}
        {stalls > 0 && <li>stood still {countText(stalls, 'time')}</li>}
      </ul>
    </>
  )
}
