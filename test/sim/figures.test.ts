import { describe, expect, test } from 'vitest'
import { FIRMWARE_BYTES } from './figures-boot.ts'
import { type Figure, FULL, type Scale } from './figures.ts'
import { everyFault, FAULT_CLIENTS } from './figures-faults.ts'
import { edk2Loses, healthyClients, pausingClients } from './figures-healthy.ts'
import {
  ackLossRatios,
  againstBest,
  RING_CLIENTS,
  receiveRing,
  ringCases,
  searchedFaults,
  wrongMemory,
} from './figures-speed.ts'

/** The rows of `npm run figures` in a few seconds each: smaller images, fewer seeds, a coarser search. */
const SMALL: Scale = {
  ...FULL,
  sizeBytes: 512 * 1024,
  seeds: 4,
  links: ['100 Mbit/s'],
  search: {
    windows: [1, 2, 4, 8, 16, 32],
    copies: [1],
    gapsMs: [0, 0.1],
    sizeBytes: 512 * 1024,
    seeds: 1,
    finalists: 2,
  },
}
/** What is tried out costs a few thousand blocks, whatever the size: speed is measured on the firmware itself. */
const SPEED: Scale = { ...SMALL, sizeBytes: FIRMWARE_BYTES, seeds: 3 }
/** A ring shows within the first windows. */
const RINGS: Scale = { ...SPEED, sizeBytes: FIRMWARE_BYTES / 2 }

/** A test that holds a figure. */
function figure(name: string, measure: () => Figure): void {
  test(name, () => hold(measure()))
}

/** Holds a figure to its target; what it measured is in the message. */
function hold({ what, measured, met, notes }: Figure): void {
  expect(met, [`${what}: ${measured}`, ...notes].join('\n')).not.toBe(false)
}

describe('every fault of the catalogue, p from 1 to 30 %', () => {
  figure('U-Boot 1.1.3: intact, but for what leaves no way, which is named', () =>
    everyFault('uboot-1.1.3', { ...SMALL, sizeBytes: 1024 * 1024 }),
  )

  for (const client of FAULT_CLIENTS.filter((name) => name !== 'uboot-1.1.3')) {
    figure(`${client}: intact where the fault leaves a way`, () => everyFault(client, SMALL))
  }
})

describe('ack-loss 3.7 %, first boot, no setting', () => {
  test('50 times Tftpd64, 5 times PyTFTPd', () => {
    for (const figure of ackLossRatios(SPEED)) hold(figure)
  })
})

describe('against the best fixed policy found by search, 100 Mbit/s', () => {
  for (const fault of searchedFaults()) {
    figure(fault, () => againstBest(fault, '100 Mbit/s', SPEED))
  }
})

describe('small receive rings', () => {
  for (const one of ringCases(RINGS.links)) {
    const beside = one.beside === undefined ? '' : ` + ${one.beside}`
    // Where DATA is lost, luck weighs as much as the ring.
    const seeds = one.beside === 'data-loss' ? 8 : RINGS.seeds
    figure(`${one.ring}${beside}, ${one.client}`, () => receiveRing(one, { ...RINGS, seeds }))
  }
  for (const client of RING_CLIENTS) {
    figure(`a window that was remembered wrongly is closed again, ${client}`, () => wrongMemory(client, RINGS))
  }
})

describe('healthy clients', () => {
  figure('1.00 datagrams per block, and packet by packet what strict sends', () => healthyClients(SMALL))
  figure('a device that pauses to write its flash gets its image', () => pausingClients(SMALL))
})

figure('EDK2 with one lost packet: at most 1.5 datagrams per block', () => edk2Loses())
