/**
 * Servers by the times after which they repeat a block. One row each; sources are the programs themselves, whose behaviour the lab models
 * (`src/lab/server/`).
 */
export interface KnownServer {
  /** As in the lab's list, without settings. */
  readonly name: string
  /** In words, for evidence. */
  readonly habit: string
  /**
   * Whether the wait before repeat `nth` (0 for the first) fits. `timeoutS`: the `timeout` that the server confirmed. `isBegun`: the client had
   * acknowledged a block before.
   */
  fits(ms: number, nth: number, timeoutS: number | undefined, isBegun: boolean): boolean
  /** Whether it confirms the option `timeout`. */
  readonly confirmsTimeout: boolean
  /** Whether it confirms the option `windowsize`; undefined where versions or settings differ. */
  readonly confirmsWindow?: boolean
  /** It leaves out the option `tsize`. */
  readonly neverConfirmsTsize?: true
  /** It sends more blocks than the client agreed to. */
  readonly runsAhead?: true
  /** It answers a repeated ACK with DATA: always, or only now and then. */
  readonly resendsOnRepeat?: 'always' | 'sometimes'
  /** It says so with an ERROR when it gives up; `to-clients`: unless nothing but requests ever came. */
  readonly saysItGaveUp?: 'always' | 'to-clients'
  /** It sends its OACK once. */
  readonly neverRepeatsOack?: true
  /** It ends a transfer that had more timeouts than this in all. */
  readonly mostTimeouts?: number
  /** It repeats a packet this often in a row, no more, and gives up no sooner. */
  readonly repeatsInARow?: number
  /** Any ACK begins its count and its wait anew. */
  readonly countsFromAck?: true
  /** A repeated ACK neither ends nor prolongs its wait. */
  readonly keepsItsTime?: true
  /** A client that repeats itself does not begin its count of repeats anew. */
  readonly countsOn?: true
  /** What an ACK inside a window brings: the blocks behind it at once, or only when the window is over. */
  readonly partialAck?: 'at-once' | 'later'
  /** How much the waits that fit differ; by default as those of a timer do. */
  spreadMs?(ms: number, nth: number): number
}

/** Timers of programs that sleep are late by some milliseconds. */
const LATE_MS = 30
const SECOND_MS = 1000
/** Most timers end within this of a round time, half of them; the others are late. */
const EXACT_MS = 4
const ROUND_MS = 50

/** How much the waits of a timer differ, where this one is among them. */
export function timerSpreadMs(ms: number): number {
  const isRound = Math.abs(ms - ROUND_MS * Math.round(ms / ROUND_MS)) <= EXACT_MS / 2
  return 2 * (isRound ? EXACT_MS : LATE_MS)
}

/** Windows counts in ticks of 1/64 s and may wake this much early. */
const TICK_MS = 16

/** A capture that a program takes is as exact. */
const EARLY_MS = 3

const near = (ms: number, wantedMs: number, earlyMs = EARLY_MS): boolean =>
  ms >= wantedMs - earlyMs && ms <= wantedMs + LATE_MS
/** With or without a confirmed timeout, the same wait each time. */
const constant =
  (defaultS: number) =>
  (ms: number, _nth: number, timeoutS: number | undefined): boolean =>
    near(ms, (timeoutS ?? defaultS) * 1000)

/** A longer wait may be one of Foresend, whose waits near a client end at 120 ms. */
const isPyTftpd = (ms: number): boolean => near(ms, 100) && ms < 104

const DNSMASQ_S = [2, 2, 3, 3, 5, 5, 9]
/** It looks at its transfers four times in a second. */
const DNSMASQ_LOOKS_MS = 250

/** Of those that fit as well the first one is named: forks that few have stand last. */
export const KNOWN_SERVERS: readonly KnownServer[] = [
  {
    name: 'tftp-hpa',
    habit: 'waits 1, 2, 4 s and so on',
    confirmsTimeout: true,
    repeatsInARow: 5,
    keepsItsTime: true,
    countsOn: true,
    partialAck: 'later',
    fits: (ms, nth, timeoutS) => near(ms, (timeoutS ?? 1) * 1000 * 2 ** nth),
  },
  {
    name: 'atftpd',
    habit: 'waits 5 s each time',
    confirmsTimeout: true,
    confirmsWindow: true,
    resendsOnRepeat: 'always',
    repeatsInARow: 5,
    countsFromAck: true,
    partialAck: 'at-once',
    fits: constant(5),
  },
  {
    name: 'rs-tftpd',
    habit: 'waits 5 s each time',
    confirmsTimeout: true,
    confirmsWindow: true,
    neverRepeatsOack: true,
    mostTimeouts: 6,
    keepsItsTime: true,
    partialAck: 'at-once',
    fits: constant(5),
  },
  {
    name: 'py3tftp',
    habit: 'waits 0.5 s each time',
    confirmsTimeout: true,
    confirmsWindow: true,
    partialAck: 'at-once',
    fits: constant(0.5),
  },
  {
    name: 'tftpd64',
    habit: 'waits a quarter, a half and all of its timeout in whole seconds, each a moment early',
    saysItGaveUp: 'always',
    countsOn: true,
    confirmsTimeout: true,
    confirmsWindow: false,
    runsAhead: true,
    // Packets that come while a timeout is pending.
    resendsOnRepeat: 'sometimes',
    spreadMs: () => TICK_MS + 1,
    fits: (ms, nth, timeoutS = 3) => {
      const seconds = nth === 0 ? Math.floor((timeoutS + 3) / 4) : nth === 1 ? Math.floor((timeoutS + 1) / 2) : timeoutS
      return ms <= seconds * 1000 + 1 && ms >= seconds * 1000 - TICK_MS
    },
  },
  {
    name: 'dnsmasq',
    habit: 'waits 2, 2, 3, 3, 5, 5 s by a clock of whole seconds',
    countsOn: true,
    confirmsTimeout: false,
    confirmsWindow: false,
    fits: (ms, nth) => {
      const seconds = DNSMASQ_S[nth] ?? 9
      // A wait ends with a second of its clock, and the first one begins anywhere in a second.
      const earlyMs = nth === 0 ? SECOND_MS + EARLY_MS : DNSMASQ_LOOKS_MS
      return ms >= seconds * SECOND_MS - earlyMs && ms <= seconds * SECOND_MS + DNSMASQ_LOOKS_MS + LATE_MS
    },
    spreadMs: (ms, nth) =>
      nth === 0 ? SECOND_MS : ms % SECOND_MS <= LATE_MS ? 2 * timerSpreadMs(ms) : 2 * DNSMASQ_LOOKS_MS,
  },
  {
    name: 'pin-anticipate',
    habit: 'waits 5 s and up to one more',
    saysItGaveUp: 'always',
    confirmsTimeout: false,
    confirmsWindow: false,
    runsAhead: true,
    fits: (ms) => ms >= 5000 && ms <= 6000 + LATE_MS,
    spreadMs: () => SECOND_MS,
  },
  {
    name: 'pytftpd',
    habit: 'waits 0.1 s each time',
    confirmsTimeout: false,
    neverConfirmsTsize: true,
    runsAhead: true,
    resendsOnRepeat: 'sometimes',
    fits: isPyTftpd,
  },
  {
    name: 'foresend',
    habit: 'repeats within milliseconds, and adapts',
    saysItGaveUp: 'to-clients',
    confirmsTimeout: true,
    runsAhead: true,
    resendsOnRepeat: 'sometimes',
    // Waits double, and end at one second, which a packet of the device does not shorten. Only a client that is not known yet is left alone for so long.
    fits: (ms, nth, _timeoutS, isBegun) =>
      nth === 0 ? ms <= 1000 + LATE_MS && !isPyTftpd(ms) && !near(ms, 500) && !(isBegun && near(ms, 1000)) : ms < 3000,
    spreadMs: (ms) => (near(ms, 250) ? 2 * timerSpreadMs(ms) : near(ms, 1000) ? timerSpreadMs(ms) : SECOND_MS),
  },
  {
    name: 'foresend',
    habit: 'waits 5 s each time, as it does with `--window strict`',
    saysItGaveUp: 'to-clients',
    confirmsTimeout: true,
    fits: constant(5),
  },
  {
    name: 'tftp-hpa-rfc7440',
    habit: 'waits 1 s each time, whatever was negotiated',
    confirmsTimeout: true,
    confirmsWindow: true,
    partialAck: 'later',
    fits: (ms) => near(ms, 1000),
  },
]
