/** Packets that are not acceptable, with the wire code of the answer and words of the reason. */
export const FAULTS: readonly {
  readonly name: string
  readonly kind: 'request' | 'oack' | 'error'
  readonly wire: string
  readonly wireCode: number
  readonly reason: RegExp
}[] = [
  { kind: 'request', name: 'nothing', wire: '', wireCode: 4, reason: /not a read or write request/ },
  { kind: 'request', name: 'one byte', wire: '\0', wireCode: 4, reason: /not a read or write request/ },
  { kind: 'request', name: 'DATA', wire: '\0\x03\0\x01', wireCode: 4, reason: /not a read or write request/ },
  {
    kind: 'request',
    name: 'opcode 257',
    wire: '\x01\x01f\0octet\0',
    wireCode: 4,
    reason: /not a read or write request/,
  },
  { kind: 'request', name: 'no filename', wire: '\0\x01', wireCode: 4, reason: /filename has no end/ },
  { kind: 'request', name: 'a filename without end', wire: '\0\x01file', wireCode: 4, reason: /filename has no end/ },
  { kind: 'request', name: 'an empty filename', wire: '\0\x01\0octet\0', wireCode: 4, reason: /filename is empty/ },
  {
    kind: 'request',
    name: '513 bytes of filename',
    wire: `\0\x01${'n'.repeat(513)}\0octet\0`,
    wireCode: 4,
    reason: /longer than 512/,
  },
  { kind: 'request', name: 'no mode', wire: '\0\x01f\0', wireCode: 4, reason: /mode has no end/ },
  { kind: 'request', name: 'a mode without its NUL', wire: '\0\x01f\0octet', wireCode: 4, reason: /mode has no end/ },
  {
    kind: 'request',
    name: 'an unknown mode',
    wire: '\0\x01f\0bin\x1b[m\0',
    wireCode: 4,
    reason: /unknown mode "bin\\x1b\[m"/,
  },
  {
    kind: 'request',
    name: 'a long mode',
    wire: `\0\x01f\0${'m'.repeat(60000)}\0`,
    wireCode: 4,
    reason: /unknown mode "m{16}"/,
  },
  { kind: 'request', name: 'octets', wire: '\0\x01f\0octets\0', wireCode: 4, reason: /unknown mode/ },
  {
    kind: 'request',
    name: 'the Kelvin sign in an ASCII word',
    wire: '\0\x01f\0o\xe2\x84\xaatet\0',
    wireCode: 4,
    reason: /unknown mode/,
  },
  {
    kind: 'request',
    name: 'a long option name',
    wire: `\0\x01f\0octet\0${'o'.repeat(33)}\x001\0`,
    wireCode: 8,
    reason: /option name longer than 32/,
  },
  {
    kind: 'request',
    name: 'a long value',
    wire: `\0\x01f\0octet\0tsize\0${'1'.repeat(65)}\0`,
    wireCode: 8,
    reason: /option tsize longer than 64/,
  },
  {
    kind: 'request',
    name: '17 options',
    wire: `\0\x01f\0octet\0${'abcdefghijklmnopq'.replace(/./g, '$&\0v\0')}`,
    wireCode: 8,
    reason: /more than 16/,
  },
  {
    kind: 'request',
    name: 'one option 20000 times',
    wire: `\0\x01f\0octet\0${'a\0b\0'.repeat(16000)}`,
    wireCode: 8,
    reason: /more than 16/,
  },
  { kind: 'oack', name: 'not an OACK', wire: '\0\x05\0\0\0', wireCode: 4, reason: /not an OACK/ },
  {
    kind: 'oack',
    name: 'a long option name',
    wire: `\0\x06${'o'.repeat(33)}\x001\0`,
    wireCode: 8,
    reason: /option name longer/,
  },
  { kind: 'error', name: 'three bytes', wire: '\0\x05\0', wireCode: 4, reason: /not an ERROR/ },
  { kind: 'error', name: 'an ACK', wire: '\0\x04\0\0', wireCode: 4, reason: /not an ERROR/ },
]
