import type { Rule } from '../rule.ts'

const BROADCAST = /^255\.|\.255$/

export const wrongSourceAddress: Rule = {
  id: 'wrong-source-address',
  title: 'the answers come from another address than the one that was asked',
  advice:
    'Bind the server to the address that the device asks (`--host ADDRESS`): many devices drop answers from any other.',
  find({ transfer }) {
    const { request, server, blocks } = transfer
    if (request === undefined || transfer.fromServer === 0 || blocks.highestAcknowledged > 0) return undefined
    if (server.address === '' || request.toAddress === server.address || BROADCAST.test(request.toAddress))
      return undefined
    return {
      confidence: 0.99,
      evidence: [
        {
          text: `the request went to ${request.toAddress}, the answer came from ${server.address}`,
          packets: request.sent.slice(0, 1).map(({ number }) => number),
        },
      ],
    }
  },
}
