/** The views, and the part of one, that are not shown first. */
export { Packets } from '../parts/packets.tsx'
export { DeviceView } from './device.tsx'
export { DevicesView } from './devices.tsx'
export { FilesView } from './files.tsx'
export { HistoryView } from './history.tsx'
export { TransferPage } from './transfer.tsx'
