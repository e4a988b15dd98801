/** Flags of `foresend watch` as commander gives them. */
export interface WatchFlags {
  readonly read?: string
  readonly seconds?: number
  readonly count?: number
  readonly state?: string
  readonly json?: true
}
