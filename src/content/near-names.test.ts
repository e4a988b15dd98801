import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { nameDistance, nearName } from './near-names.ts'
import { partName } from './part-names.ts'

describe('nameDistance', () => {
  test.each([
    ['uImage', 'uimage', 0],
    ['tp_recovery.bin', 'tp_recovery.bn', 1],
    ['tp_recovery.bin', 'tp-recovery.bin', 1],
    ['tp_recovery.bin', 'tp_recoveyr.bin', 2],
    ['recovery.bin', 'tp_recovery.bin', 3],
    ['firmware', 'firmware.img', 3],
    ['a', 'b', Infinity],
    ['ab', 'ba', Infinity],
    ['img', 'disk.img', Infinity],
    ['tp_recovery.bin', 'vmlinux', Infinity],
    ['', '', 0],
  ])('%s, %s: %d', (a, b, distance) => {
    expect(nameDistance(a, b)).toBe(distance)
    expect(nameDistance(b, a)).toBe(distance)
  })
})

describe('nearName', () => {
  test('the nearest of several; files and folders apart; never itself or an unfinished upload', () => {
    const folder = tempFolder()
    for (const name of ['firmware.img', 'firmware.imh', 'firmware', partName('firmware.bin')]) {
      writeFileSync(join(folder, name), '')
    }
    mkdirSync(join(folder, 'firmwares'))
    expect(nearName(folder, 'Firmware.IMG', 'file')).toBe('firmware.img')
    expect(nearName(folder, 'firmware', 'file')).toMatch(/^firmware.im[gh]$/)
    expect(nearName(folder, 'firmware', 'folder')).toBe('firmwares')
    expect(nearName(folder, partName('firmware.bin').slice(0, -1), 'file')).not.toMatch(/part$/)
    expect(nearName(folder, 'zzz', 'file')).toBe(undefined)
    expect(nearName(join(folder, 'missing'), 'firmware', 'file')).toBe(undefined)
  })

  test('stays cheap in a large folder', () => {
    const folder = tempFolder()
    for (let i = 0; i < 2000; i++) writeFileSync(join(folder, `${'x'.repeat(200)}${i}`), '')
    const started = process.hrtime.bigint()
    nearName(folder, 'x'.repeat(198), 'file')
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(500)
  })
})
