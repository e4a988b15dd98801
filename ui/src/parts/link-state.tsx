/** Whether what stands on the page is true now. */
import { useNow } from '../hooks.ts'
import { live } from '../live.ts'
import { clockText } from '../units.ts'

const WORDS = {
  connecting: 'connecting',
  live: 'live',
  lost: 'server lost',
  refused: 'token needed',
  paused: 'paused',
} as const

export function LinkState() {
  const { type } = live.link.value
  return (
    <span class={`link ${type}`}>
      <span class="dot" aria-hidden="true" />
      {WORDS[type]}
    </span>
  )
}

export function LinkBanner({ reconnect }: { readonly reconnect: () => void }) {
  const link = live.link.value
  return (
    <div aria-live="assertive">
      {link.type === 'lost' && (
        <div class="banner">
          <p>
            <strong>Lost the server at {clockText(link.since)}</strong>: {link.why}. What stands here is from then.
            Transfers may go on without this page.
          </p>
          <Retry at={link.retryAt} reconnect={reconnect} />
        </div>
      )}
    </div>
  )
}

function Retry({ at, reconnect }: { readonly at: number; readonly reconnect: () => void }) {
  useNow(500)
  const seconds = Math.max(0, Math.ceil((at - Date.now()) / 1000))
  return (
    <p class="retry">
      {/* Each second spoken would be noise. */}
      <span aria-hidden="true">{seconds === 0 ? 'Trying now …' : `Trying again in ${seconds} s`}</span>
      <button type="button" onClick={reconnect}>
        Try now
      </button>
    </p>
  )
}
