/** Why a captured transfer failed, and what to do: `diagnose` is the entry, `contract.ts` its answer. */
export * from './contract.ts'
export { diagnose } from './diagnose.ts'
