import { describe, expect, test } from 'vitest'
import { ForesendError } from '../error.ts'
import { parseTftpHost, parseTftpUrl } from './url.ts'

describe('parseTftpUrl (RFC 3617)', () => {
  test.each([
    ['tftp://example.com/myconfigurationfile;mode=netascii', 'example.com', 69, 'myconfigurationfile', 'netascii'],
    ['tftp://example.com/mystartupfile', 'example.com', 69, 'mystartupfile', 'octet'],
    ['TFTP://10.0.0.1:6969/a/b.bin', '10.0.0.1', 6969, 'a/b.bin', 'octet'],
    ['tftp://h//etc/file', 'h', 69, '/etc/file', 'octet'],
    ['tftp://h/a%20b%2Fc%25', 'h', 69, 'a b/c%', 'octet'],
    ['tftp://h/%C3%BC.bin', 'h', 69, 'ü.bin', 'octet'],
    ['tftp://h/a?b#c', 'h', 69, 'a?b#c', 'octet'],
    ['tftp://h/a;mode=b;mode=OCTET', 'h', 69, 'a;mode=b', 'octet'],
    ['tftp://h/a;b', 'h', 69, 'a;b', 'octet'],
    ['tftp://h:/a', 'h', 69, 'a', 'octet'],
    ['tftp://my_host-1.lan./a', 'my_host-1.lan.', 69, 'a', 'octet'],
    ['tftp://[::1]/a', '::1', 69, 'a', 'octet'],
    ['tftp://[fe80::1%eth0]:70/a', 'fe80::1%eth0', 70, 'a', 'octet'],
    ['tftp://[fe80::1%25eth0]/a', 'fe80::1%eth0', 69, 'a', 'octet'],
    ['tftp://[fe80::1%ab12]/a', 'fe80::1%ab12', 69, 'a', 'octet'],
  ])('%s', (text, host, port, filename, mode) => {
    expect(parseTftpUrl(text)).toEqual({ host, port, filename, mode })
  })

  test.each([
    '',
    'example.com/file',
    'http://h/a',
    'tftp:/h/a',
    'tftp://',
    'tftp:///a',
    'tftp://h',
    'tftp://h/',
    'tftp://h/;mode=octet',
    'tftp://user@h/a',
    'tftp://h/a;mode=mail',
    'tftp://h/a%0',
    'tftp://h/a%ff',
    'tftp://h/a%00',
    'tftp://h:0/a',
    'tftp://h:65536/a',
    'tftp://h:x/a',
    'tftp://fe80::1/a',
    'tftp://[fe80::1/a',
    'tftp://[h]/a',
    'tftp://h h/a',
    'tftp://[::1]x/a',
    'tftp://[fe80::1]/a',
    'tftp://[FEBF::1]:70/a',
  ])('refuses %j', (text) => {
    const parse = (): unknown => parseTftpUrl(text)
    expect(parse).toThrow(ForesendError)
    expect(parse).toThrow(expect.objectContaining({ code: 'ERR_TFTP_USAGE' }))
  })

  test('a link-local address without a zone says what is missing', () => {
    const says = /needs its network card: tftp:\/\/\[fe80::1%eth0\]\/NAME$/
    expect(() => parseTftpUrl('tftp://[fe80::1]/a')).toThrow(says)
    expect(() => parseTftpHost('fe80::1')).toThrow(says)
    expect(parseTftpHost('fe80::1%eth0')).toEqual({ host: 'fe80::1%eth0', port: 69 })
    expect(parseTftpHost('fec0::1')).toEqual({ host: 'fec0::1', port: 69 })
  })

  test('a message never carries control characters', () => {
    expect(() => parseTftpUrl('tftp://h\x1b[31m/a')).toThrow(/\\x1b/)
  })
})
