import { describe, expect, test } from 'vitest'
import { ByHand } from './by-hand.ts'
import { edk2Client } from './edk2.ts'
import { ipxeClient } from './ipxe.ts'
import { rpi4RomClient } from './rpi4-rom.ts'
import { WindowClient } from './window-client.ts'

describe('iPXE', () => {
  test('stores blocks ahead; each ACK names the last block before the first gap', () => {
    const client = ipxeClient({ sizeBytes: 40, blksize: 8 })
    const hand = new ByHand(client)
    expect(hand.take()).toEqual(['RRQ blksize=8 tsize=0'])
    expect(hand.oack({ blksize: 8, tsize: 40 })).toEqual(['ACK 0'])
    const said = [1, 3, 4, 3, 2, 2].map((block) => hand.data(block, 8).join())
    expect(said).toEqual(['ACK 1', 'ACK 1', 'ACK 1', 'ACK 1', 'ACK 4', 'ACK 4'])
    expect(hand.data(6, 0)).toEqual(['ACK 4'])
    expect(client.result).toBeUndefined()
    expect(hand.data(5, 8)).toEqual(['ACK 6'])
    expect(client.result).toMatchObject({ status: 'ok', bytes: 40, repeats: 2 })
  })

  test('without tsize the short block tells the size; a gap before it keeps it waiting', () => {
    const client = ipxeClient({ sizeBytes: 1300 })
    const hand = new ByHand(client)
    hand.data(1)
    hand.data(3, 276)
    expect(client.result).toBeUndefined()
    expect(hand.data(2)).toEqual(['ACK 3'])
    expect(client.result).toMatchObject({ status: 'ok', bytes: 1300 })
  })

  test.each([0, 8, 16])('ends at the right block for %i bytes', (size) => {
    const client = ipxeClient({ sizeBytes: size, blksize: 8 })
    const hand = new ByHand(client)
    hand.oack({ blksize: 8 })
    for (let block = 1; block <= size / 8; block++) {
      hand.data(block, 8)
      expect(client.result).toBeUndefined()
    }
    hand.data(size / 8 + 1, 0)
    expect(client.result).toMatchObject({ status: 'ok', bytes: size })
  })

  test('its timer doubles from 250 ms and gives up beyond 10 s', () => {
    const client = ipxeClient({ sizeBytes: 1300 })
    const hand = new ByHand(client)
    hand.data(1)
    hand.take()
    expect(hand.wait(249)).toEqual([])
    expect(hand.wait(1)).toEqual(['ACK 1'])
    expect(hand.wait(499)).toEqual([])
    expect(hand.wait(1)).toEqual(['ACK 1'])
    expect(hand.wait(1000 + 2000 + 4000)).toHaveLength(3)
    hand.wait(8000)
    expect(client.result).toMatchObject({ status: 'failed', timeouts: 5 })
  })

  test('goes on across block 65535, in either order', () => {
    const client = ipxeClient({ sizeBytes: 65_540 * 8, blksize: 8 })
    const hand = new ByHand(client)
    hand.oack({ blksize: 8, tsize: 65_540 * 8 })
    for (let seq = 1; seq <= 65_535; seq++) hand.data(seq, 8)
    for (const seq of [65_537, 65_536, 65_538, 65_540, 65_539]) hand.data(seq & 0xffff, 8)
    hand.data(65_541 & 0xffff, 0)
    expect(client.result).toMatchObject({ status: 'ok', bytes: 65_540 * 8, strayBytes: 0 })
  })

  test('block 0 at the beginning is impossible', () => {
    const client = ipxeClient({ sizeBytes: 1300 })
    new ByHand(client).data(0)
    expect(client.result!.status).toBe('failed')
  })
})

describe('EDK2', () => {
  test('acknowledges windows, and every packet that it does not expect', () => {
    const client = edk2Client({ sizeBytes: 70, blksize: 8 })
    const hand = new ByHand(client)
    expect(hand.take()).toEqual(['RRQ blksize=8 windowsize=4'])
    expect(hand.oack({ blksize: 8, windowsize: 4 })).toEqual(['ACK 0'])
    expect([1, 2, 3, 4].map((block) => hand.data(block, 8).join())).toEqual(['', '', '', 'ACK 4'])
    expect([5, 7, 8, 8].map((block) => hand.data(block, 8).join())).toEqual(['', 'ACK 5', 'ACK 5', 'ACK 5'])
    expect([4, 1].map((block) => hand.data(block, 8).join())).toEqual(['ACK 5', 'ACK 5'])
    expect([6, 7, 8].map((block) => hand.data(block, 8).join())).toEqual(['', '', ''])
    expect(hand.data(9, 6)).toEqual(['ACK 9'])
    expect(client.result).toMatchObject({ status: 'ok', bytes: 70 })
  })

  test('asks for the size, ends that with ERROR 8, and asks again from another port', () => {
    const client = edk2Client({ sizeBytes: 70, probe: true })
    const hand = new ByHand(client)
    expect(hand.take()).toEqual(['RRQ tsize=0 blksize=1468 windowsize=4'])
    expect(hand.oack({ tsize: 70, blksize: 1468, windowsize: 4 })).toEqual(['ERROR 8'])
    expect(hand.wait(10)).toEqual(['RRQ blksize=1468 windowsize=4'])
    expect(hand.port).toBe(2071)
    hand.oack({ blksize: 1468, windowsize: 4 })
    expect(hand.data(1, 70)).toEqual(['ACK 1'])
    expect(client.result).toMatchObject({ status: 'ok', bytes: 70, requests: 2 })
  })

  test('repeats its last packet six times, four seconds apart, from the last packet that it sent', () => {
    const client = edk2Client({ sizeBytes: 7000, blksize: 8 })
    const hand = new ByHand(client)
    hand.oack({ blksize: 8, windowsize: 4 })
    hand.take()
    hand.wait(3000)
    hand.data(1, 8)
    expect(hand.wait(1000)).toEqual(['ACK 0'])
    expect(hand.wait(20_000)).toHaveLength(5)
    hand.wait(4000)
    expect(client.result).toMatchObject({ status: 'failed', timeouts: 6 })
  })

  test('rejects an OACK with an option that it did not ask for', () => {
    const client = edk2Client({ sizeBytes: 70 })
    const hand = new ByHand(client)
    hand.take()
    expect(hand.oack({ blksize: 1468, tsize: 70 })).toEqual(['ERROR 4'])
    expect(client.result!.status).toBe('failed')
  })

  test('without an OACK it works in lock-step', () => {
    const hand = new ByHand(edk2Client({ sizeBytes: 1100 }))
    hand.take()
    expect([hand.data(1), hand.data(2), hand.data(3, 76)]).toEqual([['ACK 1'], ['ACK 2'], ['ACK 3']])
  })
})

describe('Raspberry Pi 4 ROM', () => {
  test('counts a repeat as the next block, notices by the size, and asks again', () => {
    const client = rpi4RomClient({ sizeBytes: 2000, starts: 2, restartDelayMs: 10 })
    const hand = new ByHand(client)
    expect(hand.take()).toEqual(['RRQ tsize=0 blksize=1024'])
    expect(hand.oack({ tsize: 2000, blksize: 1024 })).toEqual(['ACK 0'])
    expect(hand.data(1, 1024)).toEqual(['ACK 1'])
    expect(hand.data(1, 1024)).toEqual(['ERROR 0'])
    expect(hand.wait(10)).toEqual(['RRQ tsize=0 blksize=1024'])
    hand.oack({ tsize: 2000, blksize: 1024 })
    hand.data(1, 1024)
    expect(hand.data(2, 976)).toEqual(['ACK 2'])
    expect(client.result).toMatchObject({ status: 'ok', bytes: 2000 })
  })

  test('in the middle a repeat is acknowledged as the block after it', () => {
    const hand = new ByHand(rpi4RomClient({ sizeBytes: 20_000 }))
    hand.oack({ tsize: 20_000, blksize: 1024 })
    hand.data(1, 1024)
    hand.take()
    expect(hand.data(1, 1024)).toEqual(['ACK 2'])
  })

  test('without a size to compare with it boots what it has', () => {
    const client = rpi4RomClient({ sizeBytes: 600 })
    const hand = new ByHand(client)
    hand.data(1, 512)
    hand.data(1, 512)
    hand.data(2, 88)
    expect(client.result).toMatchObject({ status: 'ok', bytes: 1112, strayBytes: 512 })
  })
})

describe('window client', () => {
  const begun = (config: Partial<ConstructorParameters<typeof WindowClient>[0]> = {}) => {
    const client = new WindowClient({ sizeBytes: 800, blksize: 8, windowsize: 4, ...config })
    const hand = new ByHand(client)
    hand.oack({ blksize: 8, windowsize: 4 })
    hand.take()
    return { client, hand }
  }

  test('acknowledges the end of a window and the final block', () => {
    const { client, hand } = begun({ sizeBytes: 44 })
    expect([1, 2, 3, 4, 5].map((block) => hand.data(block, 8).join())).toEqual(['', '', '', 'ACK 4', ''])
    expect(hand.data(6, 4)).toEqual(['ACK 6'])
    expect(client.result).toMatchObject({ status: 'ok', bytes: 44 })
  })

  test('reports a gap once by the last block before it; the window starts anew there', () => {
    const { hand } = begun()
    expect([1, 3, 4].map((block) => hand.data(block, 8).join())).toEqual(['', 'ACK 1', ''])
    expect([2, 3, 4, 5].map((block) => hand.data(block, 8).join())).toEqual(['', '', '', 'ACK 5'])
  })

  test('the last block again brings the last ACK again; older ones bring nothing', () => {
    const { hand } = begun()
    for (const block of [1, 2, 3, 4]) hand.data(block, 8)
    expect([1, 2, 3, 4].map((block) => hand.data(block, 8).join())).toEqual(['', '', '', 'ACK 4'])
    const { hand: silent } = begun({ repeat: 'ignore' })
    for (const block of [1, 2, 3, 4]) silent.data(block, 8)
    expect(silent.data(4, 8)).toEqual([])
  })

  test('may acknowledge each block', () => {
    const { hand } = begun({ acknowledgeEach: 'block' })
    expect([1, 2].map((block) => hand.data(block, 8).join())).toEqual(['ACK 1', 'ACK 2'])
  })

  test('its timer brings the last ACK; ten in a row without progress end it', () => {
    const { client, hand } = begun()
    hand.data(1, 8)
    expect(hand.wait(1000)).toEqual(['ACK 1'])
    expect(hand.wait(9000)).toHaveLength(9)
    hand.wait(1000)
    expect(client.result!.status).toBe('failed')
  })

  test('a smaller window than asked for is taken, a larger one refused', () => {
    const small = new WindowClient({ sizeBytes: 800, windowsize: 4 })
    const hand = new ByHand(small)
    hand.oack({ windowsize: 2 })
    hand.take()
    expect([hand.data(1), hand.data(2)]).toEqual([[], ['ACK 2']])
    const large = new ByHand(new WindowClient({ sizeBytes: 800, windowsize: 4 }))
    large.take()
    expect(large.oack({ windowsize: 5 })).toEqual(['ERROR 8'])
  })

  test.each([0, 1] as const)('rollover to %i', (rollover) => {
    const client = new WindowClient({ sizeBytes: 65_540 * 8, blksize: 8, windowsize: 4, rollover })
    const hand = new ByHand(client)
    expect(hand.take()).toEqual([`RRQ blksize=8 windowsize=4 rollover=${rollover}`])
    hand.oack({ blksize: 8, windowsize: 4, rollover })
    hand.take()
    const wire = (seq: number) => (seq < 65_536 ? seq : seq - 65_536 + rollover)
    for (let seq = 1; seq <= 65_536; seq++) hand.data(wire(seq), 8)
    expect(hand.take().slice(-1)).toEqual([])
    // The window that ended with 65536 is lost on the way back and comes again.
    for (let seq = 65_533; seq <= 65_535; seq++) expect(hand.data(wire(seq), 8)).toEqual([])
    expect(hand.data(wire(65_536), 8)).toEqual([`ACK ${rollover}`])
    for (let seq = 65_537; seq <= 65_540; seq++) hand.data(wire(seq), 8)
    hand.data(wire(65_541), 0)
    expect(client.result).toMatchObject({ status: 'ok', bytes: 65_540 * 8, strayBytes: 0 })
  })
})
