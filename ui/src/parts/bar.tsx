/** How far a transfer is. */
import { shareOf } from '../words.ts'

export interface BarProps {
  readonly label: string
  readonly bytes: number
  readonly sizeBytes?: number | undefined
  readonly tone: 'running' | 'stalled' | 'requested' | 'good' | 'careful' | 'bad' | 'calm'
}

export function Bar({ label, bytes, sizeBytes, tone }: BarProps) {
  const share = shareOf({ bytes, sizeBytes })
  const percent = share === undefined ? undefined : Math.floor(share * 100)
  return (
    <div
      class={`bar ${tone}${share === undefined ? ' unknown' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div class="fill" style={{ transform: `scaleX(${share ?? 1})` }} />
    </div>
  )
}
