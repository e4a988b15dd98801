// Serves a folder, shows what runs once a second, and ends whatever stands still: node docs/examples/watch-and-abort.mjs images
import { startServer } from 'foresend/server'

const server = await startServer({ path: process.argv[2] ?? '.', port: Number(process.argv[3] ?? 6969) })
console.log('listening on port', server.bound[0].port)
server.subscribe((event) => console.log(event.event, event.client ?? '', event.file ?? '', event.reason ?? ''))
setInterval(() => {
  for (const transfer of server.transfers()) {
    console.log(transfer.id, transfer.client, transfer.file, `${transfer.bytes} of ${transfer.sizeBytes} bytes`)
    if (transfer.state === 'stalled') server.abort(transfer.id)
  }
}, 1000)
