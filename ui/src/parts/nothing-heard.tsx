/** Before the first request: what this machine is ready for, and why nothing may come. */
import { useEffect } from 'preact/hooks'
import { get } from '../api.ts'
import { useLoad } from '../hooks.ts'
import { live } from '../live.ts'
import { reachable } from '../reachable.ts'
import { sentence } from '../words.ts'
import type { Network, ServedFile } from '../wire.ts'
import { Name } from './name.tsx'
import { Advice } from './advice.tsx'

const AGAIN_MS = 5000
/** Names that are shown as examples. */
const SOME_FILES = 4

export function NothingHeard() {
  const loaded = useLoad((signal) => get<Network>('/network', signal), [])
  useEffect(() => {
    // A cable that is plugged in changes the addresses.
    const timer = setInterval(loaded.reload, AGAIN_MS)
    return () => clearInterval(timer)
  }, [])
  const network = loaded.value
  const port = network?.port ?? live.status.value?.listening[0]?.port
  return (
    <section class="empty">
      <h1>
        <span class="pulse" aria-hidden="true" />
        Nothing heard yet
      </h1>
      <p>
        The server is ready and listens on UDP port <strong>{port}</strong>. Start the device in its recovery mode, or
        let its boot loader ask; this page changes with the first packet.
      </p>
      {network !== undefined && <Ready network={network} />}
      {loaded.problem !== undefined && (
        <p class="quiet">
          <Advice text={loaded.problem.message} />
        </p>
      )}
    </section>
  )
}

function Ready({ network }: { readonly network: Network }) {
  const cards = reachable(network.addresses, live.status.value?.listening ?? [])
  const hasCard = network.addresses.some(({ isLoopback }) => !isLoopback)
  return (
    <>
      <div class="ready">
        <section>
          <h2>The device asks one of these addresses</h2>
          {cards.length === 0 ? (
            <p>
              {hasCard ? (
                <strong>The server listens on loopback alone, which no device reaches.</strong>
              ) : (
                <strong>This machine has no address beyond loopback.</strong>
              )}{' '}
              {hasCard
                ? 'Start it without --host, or with the address of a network card.'
                : 'Plug the cable in and give its network card the address that the device looks for.'}
            </p>
          ) : (
            <ul class="addresses">
              {cards.map(({ name, address, isUp }) => (
                <li key={`${name} ${address}`}>
                  <code>{address}</code> <span class="quiet">on {name}</span>
                  {!isUp && <span class="pill careful">no link</span>}
                </li>
              ))}
            </ul>
          )}
          {cards.length > 0 && network.port === 69 && (
            <p>
              In U-Boot: <code>setenv serverip {(cards.find(({ family }) => family === 4) ?? cards[0]).address}</code>,
              then <code>tftpboot LOADADDR FILE</code>
            </p>
          )}
          <SomeFiles />
          {network.port !== 69 && (
            <p>
              <strong>Port {network.port} is not 69.</strong> Boot loaders and recovery modes ask port 69 and cannot be
              told another: start the server as root, or with the right to port 69.
            </p>
          )}
        </section>
        <section>
          <h2>If nothing comes</h2>
          <ol>
            {network.hints.map((hint) => (
              <li key={hint}>
                <Advice text={sentence(hint)} />
              </li>
            ))}
          </ol>
          <h2>Firewall</h2>
          <p>
            {network.firewall === null ? (
              `Nothing is known against it. It must let UDP port ${network.port} in.`
            ) : (
              <Advice text={sentence(network.firewall.said)} />
            )}
          </p>
        </section>
      </div>
    </>
  )
}

/** What the device may ask for. */
function SomeFiles() {
  const loaded = useLoad(
    (signal) => get<{ files: ServedFile[]; next: string | null }>(`/files?limit=${SOME_FILES}`, signal),
    [],
  )
  const files = loaded.value?.files.slice(0, SOME_FILES) ?? []
  if (loaded.value === undefined) return null
  if (files.length === 0) return <p>No file is served yet: put the image into the folder of the server.</p>
  return (
    <>
      <h2>It can ask for</h2>
      <ul class="names">
        {files.map(({ name }) => (
          <li key={name}>
            <Name text={name} />
          </li>
        ))}
        <li>
          <a href="#/files">All files</a>
        </li>
      </ul>
    </>
  )
}
