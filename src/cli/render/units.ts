/** Numbers as a person reads them. Decimal units throughout: 1 MB is 1,000,000 bytes. */

const SCALES = [
  { unit: 'TB', size: 1e12 },
  { unit: 'GB', size: 1e9 },
  { unit: 'MB', size: 1e6 },
  { unit: 'kB', size: 1e3 },
] as const

/** 812 B, 7.75 MB, 13.0 GB: three digits. */
export function sizeText(bytes: number): string {
  if (!Number.isFinite(bytes)) return '-'
  // The boundary is where three digits round up, so that 999,999 is 1.00 MB and not 1000 kB.
  const scale = SCALES.find((candidate) => bytes >= candidate.size * 0.9995)
  return scale === undefined ? `${Math.round(bytes)} B` : `${threeDigits(bytes / scale.size)} ${scale.unit}`
}

export function rateText(bytesPerSec: number): string {
  return `${sizeText(bytesPerSec)}/s`
}

/** 4 ms, 2.31 s, 45 s, 2 min 05 s, 1 h 02 min. */
export function durationText(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '-'
  if (ms < 999.5) return `${Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${twoDigits(whole % 60)} s`
  const minutes = Math.round(whole / 60)
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`
}

/** 09:05:01, local time. */
export function clockText(timeMs: number): string {
  const date = new Date(timeMs)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')
}

/** One block, 7 blocks. */
export function countText(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`
}

function threeDigits(value: number): string {
  if (value < 9.995) return value.toFixed(2)
  return value < 99.95 ? value.toFixed(1) : value.toFixed(0)
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
