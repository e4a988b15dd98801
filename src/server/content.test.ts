import { describe, expect, test } from 'vitest'
import type { Image } from '../content/contract.ts'
import { readBlock } from '../packet/index.ts'
import { ServedImage } from './content.ts'

class MemoryImage implements Image {
  readonly name = 'image'
  address = 0
  readonly sizeBytes: number
  verified = 0
  missing = 0

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes
  }

  read(position: number, target: Uint8Array, targetOffset: number, length: number): number {
    const end = Math.min(position + length, this.sizeBytes - this.missing)
    for (let at = position; at < end; at++) target[targetOffset + at - position] = at & 255
    return Math.max(0, end - position)
  }

  verify(): void {
    this.verified++
  }

  async crc32(): Promise<number> {
    return 0
  }

  close(): void {}
}

function served(image: Image, blksize: number, rollover: 0 | 1 = 0): ServedImage {
  const content = new ServedImage(image)
  content.agree({ blksize, rollover })
  return content
}

describe('framing', () => {
  test.each([
    [0, [4]],
    [1, [5]],
    [15, [19]],
    [16, [20, 4]],
    [17, [20, 5]],
    [32, [20, 20, 4]],
  ])('%d bytes in blocks of 16', (sizeBytes, lengths) => {
    const image = new MemoryImage(sizeBytes)
    const content = served(image, 16)
    const target = new Uint8Array(20)
    const bytes: number[] = []
    lengths.forEach((length, i) => {
      expect(image.verified).toBe(0)
      expect(content.frame(i + 1, target)).toBe(length)
      expect([target[1], readBlock(target, 0)]).toEqual([3, i + 1])
      bytes.push(...target.subarray(4, length))
    })
    expect(bytes).toEqual(Array.from({ length: sizeBytes }, (_, at) => at & 255))
    expect(image.verified).toBe(1)
  })

  test('the number on the wire rolls over as agreed, the position does not', () => {
    const image = new MemoryImage(8 * 70_000)
    const target = new Uint8Array(12)
    served(image, 8).frame(65_536, target)
    expect([readBlock(target, 0), target[4]]).toEqual([0, (65_535 * 8) & 255])
    served(image, 8, 1).frame(65_536, target)
    expect(readBlock(target, 0)).toBe(1)
  })

  test('a file that became shorter is never padded', () => {
    const image = new MemoryImage(40)
    image.missing = 10
    const content = served(image, 16)
    const target = new Uint8Array(20)
    expect(content.frame(1, target)).toBe(20)
    expect(() => content.frame(2, target)).toThrow(expect.objectContaining({ code: 'ERR_TFTP_CHANGED' }))
    expect(() => content.frame(3, target)).toThrow(expect.objectContaining({ code: 'ERR_TFTP_CHANGED' }))
  })

  test('what is mapped leaves from its address, until the image was checked: then everything is framed', () => {
    const image = new MemoryImage(40)
    image.address = 0x7f00_0000_1000
    const content = served(image, 16)
    expect(content.isMapped).toBe(true)
    expect([1, 2].map((seq) => content.addressOf(seq))).toEqual([0x7f00_0000_1000, 0x7f00_0000_1010])
    expect(content.headOf(2)).toBe(0x0003_0002)
    expect(content.addressOf(3), 'the final block').toBe(0)
    content.frame(3, new Uint8Array(20))
    expect(image.verified).toBe(1)
    expect(content.addressOf(1), 'a repeat after the check').toBe(0)
  })
})
