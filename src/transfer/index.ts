/** `foresend/transfer`: the machines of one transfer, without input and output. Begin with contract.ts. */
export { type ErrorCode, type Fault, ForesendError } from '../error.ts'
export * from './contract.ts'
export * from './negotiate.ts'
export * from './policy/anticipation.ts'
export * from './policy/negotiated.ts'
export * from './policy/strict.ts'
export * from './receiver.ts'
export * from './sender.ts'
