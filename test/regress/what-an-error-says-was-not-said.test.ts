/**
 * Every ERROR of a server or a device had the same words and the same advice, whatever its code. ERROR 3 to an OACK with the size of the file was
 * called a question for the size, and the transfer healthy. A message that a firewall refuses packets stood beside the claim that none arrive.
 */
import { describe, expect, it } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { CLIENT, Scene, SERVER } from '../golden/capture-scene.ts'

describe('an ERROR', () => {
  it.each([
    [1, 'does not have the file', 'letter by letter'],
    [2, 'may not open the file', 'readable'],
  ])('%i of the server says %s', (code, title, advice) => {
    const [cause] = diagnose(new Scene().ask(packet.rrq('test.bin')).server(packet.error(code, 'no')).one()).causes
    expect(cause).toMatchObject({ id: 'server-refused', title: expect.stringContaining(title) as string })
    expect(cause.advice).toContain(advice)
  })

  it('3 of a device that was told the size is a refusal, and no question for the size', () => {
    const scene = new Scene().ask(packet.rrq('test.bin', 'tsize', '0')).server(packet.oack('tsize', '8000000'))
    const diagnosis = diagnose(scene.client(packet.error(3, 'File too large')).one())
    expect(diagnosis.outcome).toBe('error')
    expect(diagnosis.causes[0].title).toContain('too large')
  })

  it('8 to an option that was not asked for names the option', () => {
    const scene = new Scene().ask(packet.rrq('test.bin', 'blksize', '1468'))
    scene.server(packet.oack('blksize', '1468', 'timeout', '3')).client(packet.error(8, 'bad option'))
    const [cause] = diagnose(scene.one()).causes
    expect(cause.title).toContain('did not ask for timeout')
  })
})

describe('ICMP', () => {
  it('of the firewall of the device is the cause alone: packets reach it', () => {
    const scene = new Scene().ask(packet.rrq('test.bin'))
    for (let n = 0; n < 4; n++) {
      scene.server(packet.data(1, 512), { afterMs: 1000 })
      scene.icmp(3, 10, scene.quote(false, packet.data(1, 512)), CLIENT, SERVER)
    }
    const { causes } = diagnose(scene.one())
    expect(causes.map(({ id }) => id)).toEqual(['unreachable'])
    expect(causes[0].title).toContain('firewall on the device')
  })

  it('of the server says that nothing listens, and no second cause says that it is silent', () => {
    const scene = new Scene()
    for (let n = 0; n < 3; n++) {
      scene.ask(packet.rrq('test.bin'), { afterMs: 5000 })
      scene.icmp(3, 3, scene.quote(true, packet.rrq('test.bin'), { serverPort: 69 }), SERVER, CLIENT)
    }
    const { causes } = diagnose(scene.one())
    expect(causes.map(({ id }) => id)).toEqual(['unreachable'])
    expect(causes[0].title).toContain('no TFTP server listens')
  })
})
