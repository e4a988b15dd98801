/** The devices that asked, and what was learnt of each. */
import { get } from '../api.ts'
import { Name } from '../parts/name.tsx'
import { Waiting } from '../parts/loading.tsx'
import { settled, useLoad, useNow } from '../hooks.ts'
import { fragmentOf } from '../route.ts'
import { countText } from '../units.ts'
import { agoText, sentence, whenText } from '../words.ts'
import { type Device, msOf } from '../wire.ts'
import { visible } from '../visible.ts'
import { Words } from '../parts/words.tsx'

export function DevicesView() {
  const loaded = useLoad((signal) => get<{ devices: Device[] }>('/devices', signal), [settled.value])
  const devices = loaded.value?.devices ?? []
  return (
    <section>
      <h1>Devices</h1>
      <p class="lead">What helped a device is remembered, and it gets that from the first block of its next boot.</p>
      <Waiting loaded={loaded} />
      {loaded.value !== undefined && devices.length === 0 && <p class="idle">No device has asked for anything yet.</p>}
      <ul class="list">
        {devices.map((device) => (
          <DeviceItem key={device.name} device={device} />
        ))}
      </ul>
    </section>
  )
}

function DeviceItem({ device }: { readonly device: Device }) {
  const now = useNow(10_000)
  const last = msOf(device.lastSeen)
  // Where its MAC address is unknown, its name is the address already.
  const addresses = device.addresses.filter((address) => address !== device.name)
  return (
    <li>
      <h2>
        <a href={fragmentOf({ view: 'device', name: device.name })}>
          <Name text={device.name.trimEnd()} />
        </a>
      </h2>
      <p class="quiet">
        {addresses.length > 0 && `${addresses.map(visible).join(', ')} · `}
        {countText(device.transfers, 'transfer')}
        {device.failed > 0 && (
          <>
            {', '}
            <span class="bad-text">{device.failed} failed</span>
          </>
        )}
        {device.refused > 0 && `, ${device.refused} refused`}
        {last !== undefined && (
          <>
            {' · '}
            <time dateTime={new Date(last).toISOString()} title={whenText(last)}>
              {agoText(now - last)}
            </time>
          </>
        )}
      </p>
      <Learnt device={device} />
    </li>
  )
}

export function Learnt({ device }: { readonly device: Device }) {
  if (device.learnt.length === 0) return <p class="quiet">Nothing had to be learnt of it.</p>
  return (
    <ul class="learnt">
      {device.learnt.map((line) => (
        <li key={line}>
          <Words text={sentence(line)} />
        </li>
      ))}
    </ul>
  )
}
