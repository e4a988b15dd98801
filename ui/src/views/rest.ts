/** The views, and parts of views, that are not shown first. */
export { TransferTable } from '../parts/transfer-table.tsx'
export { Packets } from '../parts/packets.tsx'
export { DeviceView } from './device.tsx'
export { DevicesView } from './devices.tsx'
export { FilesView } from './files.tsx'
export { HistoryView } from './history.tsx'
export { TransferPage } from './transfer.tsx'
