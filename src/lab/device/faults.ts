/**
 * The faults that a device can have: those of a link, from the catalogue, and those that sit in the client itself, which
 * change how it is made.
 */
import type { ClientConfig } from '../client/client.ts'
import { FAULT_ROWS, type FaultRow, type Parameter, type Values } from '../fault/catalogue.ts'

export interface ClientFaultRow {
  readonly about: string
  readonly parameters: Readonly<Record<string, Parameter>>
  /** Parameters of the client that it sets; a client without them cannot have this fault. */
  readonly sets: readonly string[]
  /** What it changes in any client. */
  config(values: Values): Partial<ClientConfig>
}

export const CLIENT_FAULTS: Readonly<Record<string, ClientFaultRow>> = {
  'slow-flash': {
    about: 'it stops every so often to erase and write its flash',
    parameters: {
      everyBlocks: { min: 1, max: 65_535, usual: 128, about: 'blocks between two pauses', whole: true },
      pauseMs: { min: 0, max: 60_000, usual: 300, about: 'milliseconds of a pause' },
      buffers: { min: 1, max: 1024, usual: 4, about: 'frames that wait meanwhile; later ones are lost', whole: true },
    },
    sets: [],
    config: ({ everyBlocks, pauseMs, buffers }) => ({ slowFlash: { everyBlocks, pauseMs }, rxQueue: buffers }),
  },
  'console-slow': {
    about: 'each repeat that it ignores costs it time on its serial console',
    parameters: {
      consoleCharsPerRepeat: { min: 0, max: 10_000, usual: 33, about: 'characters for each', whole: true },
      baud: { min: 300, max: 10_000_000, usual: 9600, about: 'speed of its serial console' },
    },
    sets: ['consoleCharsPerRepeat', 'baud'],
    config: () => ({}),
  },
}

export const LINK_FAULTS: Readonly<Record<string, FaultRow>> = FAULT_ROWS

/** All of them, by name. */
export const DEVICE_FAULTS: Readonly<Record<string, FaultRow | ClientFaultRow>> = { ...LINK_FAULTS, ...CLIENT_FAULTS }
