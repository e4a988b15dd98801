/**
 * Servers by the times after which they repeat a block. One row each; sources are the programs themselves, whose behaviour the lab models
 * (`src/lab/server/`).
 */
export interface KnownServer {
  /** As in the lab's list, without settings. */
  readonly name: string
  /** In words, for evidence. */
  readonly habit: string
  /** Whether the wait before repeat `nth` (0 for the first) fits. `timeoutS`: the `timeout` that the server confirmed. */
  fits(ms: number, nth: number, timeoutS: number | undefined): boolean
  /** Whether it confirms the option `timeout`. */
  readonly confirmsTimeout: boolean
  /** Whether it confirms the option `windowsize`; undefined where versions or settings differ. */
  readonly confirmsWindow?: boolean
  /** It sends more blocks than the client agreed to. */
  readonly runsAhead?: true
  /** It answers a repeated ACK with DATA: always, or only now and then. */
  readonly resendsOnRepeat?: 'always' | 'sometimes'
  /** It says so with an ERROR when it gives up. */
  readonly saysItGaveUp?: true
  /** It sends its OACK once. */
  readonly neverRepeatsOack?: true
}

/** Timers of programs that sleep are late by some milliseconds. */
const LATE_MS = 30
/** Windows counts in ticks of 1/64 s and may wake this much early. */
const TICK_MS = 16

const near = (ms: number, wantedMs: number, earlyMs = 2): boolean =>
  ms >= wantedMs - earlyMs && ms <= wantedMs + LATE_MS
/** With or without a confirmed timeout, the same wait each time. */
const constant =
  (defaultS: number) =>
  (ms: number, _nth: number, timeoutS: number | undefined): boolean =>
    near(ms, (timeoutS ?? defaultS) * 1000)

const DNSMASQ_S = [2, 2, 3, 3, 5, 5, 9]

export const KNOWN_SERVERS: readonly KnownServer[] = [
  {
    name: 'tftp-hpa',
    habit: 'waits 1, 2, 4 s and so on',
    confirmsTimeout: true,
    fits: (ms, nth, timeoutS) => near(ms, (timeoutS ?? 1) * 1000 * 2 ** nth),
  },
  {
    name: 'atftpd',
    habit: 'waits 5 s each time',
    confirmsTimeout: true,
    confirmsWindow: true,
    resendsOnRepeat: 'always',
    fits: constant(5),
  },
  {
    name: 'rs-tftpd',
    habit: 'waits 5 s each time',
    confirmsTimeout: true,
    confirmsWindow: true,
    neverRepeatsOack: true,
    fits: constant(5),
  },
  { name: 'py3tftp', habit: 'waits 0.5 s each time', confirmsTimeout: true, confirmsWindow: true, fits: constant(0.5) },
  {
    name: 'tftp-hpa-rfc7440',
    habit: 'waits 1 s each time, whatever was negotiated',
    confirmsTimeout: true,
    confirmsWindow: true,
    fits: (ms) => near(ms, 1000),
  },
  {
    name: 'tftpd64',
    habit: 'waits a quarter, a half and all of its timeout in whole seconds, each a moment early',
    saysItGaveUp: true,
    confirmsTimeout: true,
    confirmsWindow: false,
    runsAhead: true,
    fits: (ms, nth, timeoutS = 3) => {
      const seconds = nth === 0 ? Math.floor((timeoutS + 3) / 4) : nth === 1 ? Math.floor((timeoutS + 1) / 2) : timeoutS
      return ms <= seconds * 1000 + 1 && ms >= seconds * 1000 - TICK_MS
    },
  },
  {
    name: 'dnsmasq',
    habit: 'waits 2, 2, 3, 3, 5, 5 s by a clock of whole seconds',
    confirmsTimeout: false,
    confirmsWindow: false,
    fits: (ms, nth) => {
      const seconds = DNSMASQ_S[nth] ?? 9
      // The first wait ends with a second of its clock.
      return nth === 0 ? ms > (seconds - 1) * 1000 - 2 && ms <= seconds * 1000 + LATE_MS : near(ms, seconds * 1000)
    },
  },
  {
    name: 'pin-anticipate',
    habit: 'waits 5 s and up to one more',
    saysItGaveUp: true,
    confirmsTimeout: false,
    confirmsWindow: false,
    runsAhead: true,
    fits: (ms) => ms >= 5000 && ms <= 6000 + LATE_MS,
  },
  {
    name: 'pytftpd',
    habit: 'waits 0.1 s each time',
    confirmsTimeout: false,
    runsAhead: true,
    resendsOnRepeat: 'sometimes',
    fits: (ms) => near(ms, 100),
  },
  {
    name: 'foresend',
    habit: 'repeats within milliseconds, and adapts',
    saysItGaveUp: true,
    confirmsTimeout: true,
    runsAhead: true,
    resendsOnRepeat: 'sometimes',
    // Waits double, and end at one second, which a packet of the device does not shorten.
    fits: (ms, nth) => (nth === 0 ? ms <= 1000 + LATE_MS && !near(ms, 100) && !near(ms, 500) : ms < 3000),
  },
  {
    name: 'foresend',
    habit: 'waits 5 s each time, as it does with `--window strict`',
    saysItGaveUp: true,
    confirmsTimeout: true,
    fits: constant(5),
  },
]
