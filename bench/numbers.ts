/** Numbers as all outputs of the bench write them. */

/** Two or three digits: 0.83, 9.4, 23.5, 341. */
export function digits(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '-'
  if (Number.isInteger(value) || Math.abs(value) >= 99.95) return String(Math.round(value))
  return Math.abs(value) < 0.01 ? value.toPrecision(1) : value.toPrecision(Math.abs(value) >= 9.95 ? 3 : 2)
}

/** 1,234 or 12.3. */
export function grouped(value: number | undefined): string {
  const text = digits(value)
  return /^-?\d{5,}$/.test(text) ? Number(text).toLocaleString('en-US') : text
}

export function percent(share: number): string {
  const value = share * 100
  return `${value < 9.5 && value >= 0.05 ? digits(Math.round(value * 10) / 10) : Math.round(value)} %`
}
