import { expect, test } from 'vitest'
import type { Option, Request } from '../packet/index.ts'
import { mayTakeWhateverComes, takesWhateverComes } from './request-shape.ts'

function request(options: readonly Option[], opcode: 1 | 2 = 1): Request {
  return { opcode, filename: 'start4.elf', mode: 'octet', options }
}

const tsize = { name: 'tsize', value: '0' }
const blksize = { name: 'blksize', value: '1024' }

test('the ROM is known by its two options and their order', () => {
  expect(takesWhateverComes(request([tsize, blksize]))).toBe(true)
})

test.each([
  ['GRUB, the other way round', request([blksize, tsize])],
  ['another blksize', request([tsize, { name: 'blksize', value: '1468' }])],
  ['one option more', request([tsize, blksize, { name: 'timeout', value: '5' }])],
  ['no options', request([])],
  ['an upload', request([tsize, blksize], 2)],
])('%s is somebody else', (_what, other) => {
  expect(takesWhateverComes(other)).toBe(false)
})

test.each([
  ['the ROM', request([tsize, blksize]), true],
  ['another blksize', request([tsize, { name: 'blksize', value: '1468' }]), true],
  ['the size alone', request([tsize]), true],
  ['GRUB and iPXE', request([blksize, tsize]), false],
  ['an upload', request([{ name: 'tsize', value: '9000' }, blksize], 2), false],
  ['a third option', request([tsize, blksize, { name: 'timeout', value: '5' }]), false],
  ['no options', request([]), false],
])('%s may count repeats: %#', (_what, other, may) => {
  expect(mayTakeWhateverComes(other)).toBe(may)
})
