/** What happened, and what was learnt of devices: kept in a database of its own. */
export { type EndedDetails, type EndedTransfer, type History, NO_DETAILS } from './contract.ts'
export { type HistoryOptions, openHistory, type OpenHistory } from './history.ts'
export { SERVICE_FOLDER, stateFolder } from './state-folder.ts'
export { type Cursor, type Filter, forget, Reader, type StoredDevice, type StoredTransfer } from './reader.ts'
