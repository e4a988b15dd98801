import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { foldersOf } from './spec-folders.ts'

test('every folder that a rule names is among them', () => {
  expect(
    foldersOf(
      {
        type: 'folders',
        roots: ['/srv/a', '/srv/b'],
        names: { map: { file: '/etc/rules/map' }, pcre: { file: '/etc/other/pcre' } },
        clients: { clientRoots: [{ client: '10.0.0.1', root: '/srv/c' }] },
        uploads: { policy: 'create', root: '/srv/up' },
      },
      false,
    ),
  ).toEqual({ served: ['/srv/a', '/srv/b', '/srv/c'], stored: ['/srv/up'], rules: ['/etc/rules', '/etc/other'] })
})

test('without uploads nothing is stored, and without a folder for them they go to the first root', () => {
  const roots = ['/srv/a', '/srv/b']
  expect(foldersOf({ type: 'folders', roots }, false).stored).toEqual([])
  expect(foldersOf({ type: 'folders', roots, uploads: { policy: 'none' } }, false).stored).toEqual([])
  expect(foldersOf({ type: 'folders', roots }, true).stored).toEqual(['/srv/a'])
  const clients = { clientRoots: [{ client: '10.0.0.1', root: '/srv/c' }] }
  expect(foldersOf({ type: 'folders', roots, clients }, true).stored).toEqual(['/srv/a', '/srv/c'])
})

test('of a single file its folder', () => {
  const folder = tempFolder()
  writeFileSync(join(folder, 'a.bin'), '')
  mkdirSync(join(folder, 'dir'))
  expect(foldersOf({ type: 'path', path: join(folder, 'a.bin') }, false).served).toEqual([folder])
  expect(foldersOf({ type: 'path', path: join(folder, 'dir') }, false).served).toEqual([join(folder, 'dir')])
})
