/** One device: what was learnt, what it asked for, and a way to begin anew with it. */
import { useState } from 'preact/hooks'
import { change, get, pathOf } from '../api.ts'
import { ConfirmButton } from '../parts/confirm-button.tsx'
import { HistoryTable } from '../parts/history-table.tsx'
import { Name } from '../parts/name.tsx'
import { Waiting } from '../parts/loading.tsx'
import { settled, useLoad } from '../hooks.ts'
import { fragmentOf } from '../route.ts'
import { visible } from '../visible.ts'
import { whenText } from '../words.ts'
import { type Device, type HistoryRow, msOf } from '../wire.ts'
import { Learnt } from './devices.tsx'
import { Fact } from './transfer.tsx'

export function DeviceView({ name }: { readonly name: string }) {
  const loaded = useLoad(
    (signal) => get<{ device: Device; transfers: HistoryRow[] }>(`/devices/${pathOf(name)}`, signal),
    [name, settled.value],
  )
  const [isForgotten, setForgotten] = useState(false)
  const forget = async (): Promise<void> => {
    await change('DELETE', `/devices/${pathOf(name)}/memory`)
    setForgotten(true)
    loaded.reload()
  }
  const { device, transfers = [] } = loaded.value ?? {}
  const [first, last] = [msOf(device?.firstSeen), msOf(device?.lastSeen)]
  return (
    <article class="page">
      <p class="back">
        <a href="#/devices">← Devices</a>
      </p>
      <h1>
        <Name text={name.trimEnd()} />
      </h1>
      {loaded.problem?.status === 404 ? <p>No device of this name is known.</p> : <Waiting loaded={loaded} />}
      {device !== undefined && (
        <>
          <dl class="facts">
            {device.addresses.length > 0 && <Fact title="Addresses">{device.addresses.map(visible).join(', ')}</Fact>}
            {device.requests.length > 1 && <Fact title="Kinds of requests">{device.requests.length}</Fact>}
            {first !== undefined && <Fact title="First seen">{whenText(first)}</Fact>}
            {last !== undefined && <Fact title="Last seen">{whenText(last)}</Fact>}
            <Fact title="Transfers">
              {device.transfers}
              {device.failed > 0 && `, ${device.failed} failed`}
              {device.refused > 0 && `, ${device.refused} refused`}
            </Fact>
          </dl>
          <h2>What was learnt</h2>
          <Learnt device={device} />
          {isForgotten && <p role="status">Forgotten. The device is served like one that is not known yet.</p>}
          {device.learnt.length > 0 && (
            <ConfirmButton
              title="Forget it"
              question="Forget what was learnt? Its history stays."
              yes="Forget"
              no="Keep it"
              act={forget}
            />
          )}
          <h2>Its transfers</h2>
          {transfers.length === 0 ? <p class="quiet">None is kept.</p> : <HistoryTable rows={transfers} />}
          <p>
            <a href={fragmentOf({ view: 'history', filter: { device: name } })}>All of them, in the history</a>
          </p>
        </>
      )}
    </article>
  )
}
