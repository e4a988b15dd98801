/** Settings of the page, the API and the metrics: who reaches them, and what they may do. */
import type { Setting } from './kind.ts'
import { KIND } from './kinds.ts'

export const HTTP_SETTINGS: readonly Setting[] = [
  {
    key: 'http',
    example: '127.0.0.1:8069',
    value: '<PLACE>',
    help: 'a page, an API and metrics at [ADDR:]PORT; a port alone is that of 127.0.0.1 (none)',
    kind: KIND.httpPlace,
  },
  {
    key: 'http-name',
    example: ['tftp.example.com'],
    value: '<NAME>',
    help: 'a name that browsers reach it by, beside its addresses and localhost; repeatable',
    kind: KIND.httpNames,
  },
  {
    key: 'http-open',
    example: true,
    value: '',
    help: 'beyond loopback let everybody look without the token; changes always need it',
    kind: KIND.on,
  },
  {
    key: 'http-writable',
    example: true,
    value: '',
    help: 'let a holder of the token store files through the page and the API',
    kind: KIND.on,
  },
  {
    key: 'http-token-file',
    example: '/etc/foresend/token',
    value: '<FILE>',
    help: 'a file with the token, at least 16 characters (one that is made, in the state folder)',
    kind: KIND.path,
  },
  {
    key: 'http-cert',
    example: '/etc/foresend/cert.pem',
    value: '<FILE>',
    help: 'the certificate for https, in PEM, with its chain; needs --http-key',
    kind: KIND.path,
  },
  {
    key: 'http-key',
    example: '/etc/foresend/key.pem',
    value: '<FILE>',
    help: 'the key of that certificate, in PEM',
    kind: KIND.path,
  },
]
