import { describe, expect, test } from 'vitest'
import { parseConfig } from './config.ts'
import { CONTENT_INPUT_KEYS, type ContentInput } from './content-config.ts'

const ALL: Required<ContentInput> = {
  overlay: ['/b'],
  clientRoot: ['10.0.0.1=/c', '2001:db8::/32=/d=e'],
  uniqueRoot: 'mac',
  map: '/m',
  pcre: '/p',
  rewriter: '/s',
  lowercase: true,
  anyCase: false,
  listing: 'dir.txt',
  publicOnly: true,
  uploads: 'versions',
  uploadRoot: '/u',
  umask: '027',
  uploadMode: '0664',
  maxUploadBytes: 1,
  quotaBytes: 2,
  minFreeBytes: 3,
  digests: ['md5'],
}

describe('short forms of the content', () => {
  test('become plain data, each of them', () => {
    expect(Object.keys(ALL).sort()).toEqual([...CONTENT_INPUT_KEYS].sort())
    const config = parseConfig({ path: '/a', ...ALL })
    expect(config).toMatchObject({ writable: true, overwrite: true })
    expect(config.content).toEqual({
      type: 'folders',
      roots: ['/a', '/b'],
      names: { map: { file: '/m' }, rewriter: '/s', lowercase: true, anyCase: false, pcre: { file: '/p' } },
      clients: {
        clientRoots: [
          { client: '10.0.0.1', root: '/c' },
          { client: '2001:db8::/32', root: '/d=e' },
        ],
        uniqueRoot: 'mac',
      },
      uploads: {
        policy: 'versions',
        root: '/u',
        mode: 0o640,
        maxBytes: 1,
        quotaBytes: 2,
        minFreeBytes: 3,
        digests: ['md5'],
      },
      listing: 'dir.txt',
      publicOnly: true,
    })
    expect(parseConfig(config)).toEqual(config)
  })

  test('change what they name of a content that has rules, and leave its others', () => {
    const { content, ...rest } = parseConfig({ path: '/a', ...ALL })
    if (content.type === 'file') throw new Error('folders were given')
    const changed = parseConfig({ ...rest, content, digests: ['sha256'], lowercase: false, uniqueRoot: 'ip' }).content
    expect(changed).toEqual({
      ...content,
      names: { ...content.names, lowercase: false },
      clients: { ...content.clients, uniqueRoot: 'ip' },
      uploads: { ...content.uploads, digests: ['sha256'] },
    })
  })

  test('leave everything else as it is', () => {
    expect(parseConfig({ path: '/a' }).content).toEqual({ type: 'path', path: '/a' })
    expect(parseConfig({ path: '/a', map: '/m' }).content).toEqual({
      type: 'path',
      path: '/a',
      names: { map: { file: '/m' } },
    })
    expect(parseConfig({ path: '/a', writable: true, umask: '022' })).toMatchObject({
      content: { uploads: { mode: 0o644 } },
    })
  })

  test.each([
    ['none', false, false],
    ['existing', true, true],
    ['create', true, false],
    ['overwrite', true, true],
    ['versions', true, true],
  ] as const)('--uploads %s', (uploads, writable, overwrite) => {
    expect(parseConfig({ path: '/a', uploads })).toMatchObject({
      writable,
      overwrite,
      content: { uploads: { policy: uploads } },
    })
  })

  test.each([
    [{ uploads: 'all' }, /^--uploads "all" is not right: it takes none, existing/],
    [{ uploads: 'create', writable: true }, /^--uploads create says already/],
    [{ umask: '022' }, /^--umask is for uploads, which are off/],
    [{ digests: ['sha256'], uploads: 'none' }, /^--digests is for uploads, which are off/],
    [{ umask: '8', writable: true }, /^--umask "8" is not right: it takes permissions in octal/],
    [{ clientRoot: ['x'] }, /^--client-root "x" is not right: it takes CLIENT=DIR/],
    [{ maxUploadBytes: -1, writable: true }, /^--max-upload -1 is not right/],
    [{ listing: 'a/b' }, /^--listing "a\/b" is not right: it takes a name without a folder/],
    [{ content: { type: 'file', path: '/f' }, map: '/m' }, /^--map is for folders, and one file is served/],
  ])('%j is refused', (more, message) => {
    expect(() => parseConfig({ path: '/a', ...(more as object) })).toThrow(message)
  })
})
