/** Whether tests of groups can run here. */
import { createSocket } from 'node:dgram'

/** Loopback carries multicast where the system lets it. */
export const hasMulticast = await new Promise<boolean>((resolve) => {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  const done = (works: boolean): void => {
    clearTimeout(timer)
    socket.close()
    resolve(works)
  }
  const timer = setTimeout(() => done(false), 500)
  socket.on('message', () => done(true))
  socket.on('error', () => done(false))
  socket.bind(0, () => {
    try {
      socket.addMembership('239.255.9.9', '127.0.0.1')
      socket.setMulticastInterface('127.0.0.1')
      socket.send('x', socket.address().port, '239.255.9.9')
    } catch {
      done(false)
    }
  })
})
