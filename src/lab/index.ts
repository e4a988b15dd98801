/** Floor 2: devices, networks and their faults in virtual time. The same seed gives the same run, to the byte. */
export { Client, type ClientConfig, type ClientResult } from './client/client.ts'
export { type CurlConfig, curlClient } from './client/curl.ts'
export { type Edk2Config, edk2Client } from './client/edk2.ts'
export { type GrubConfig, grubClient } from './client/grub.ts'
export { type IpxeConfig, ipxeClient } from './client/ipxe.ts'
export { LockstepClient, type LockstepTraits } from './client/lockstep.ts'
export { type LwipConfig, lwipClient } from './client/lwip.ts'
export { type Rpi4RomConfig, rpi4RomClient } from './client/rpi4-rom.ts'
export { type StrictConfig, strictClient } from './client/strict.ts'
export { uboot113, uboot2008, type UbootConfig } from './client/uboot-classic.ts'
export { uboot2020, uboot2023, type UbootWindowConfig } from './client/uboot-window.ts'
export { WindowClient, type WindowClientConfig } from './client/window-client.ts'
export { type Frame, HeldFrame, wireBytes } from './frame.ts'
export { type Fault, type FaultOutput, Link, type LinkOptions, type LinkTap } from './link.ts'
export { Rng } from './rng.ts'
export { InitiatorNode, type InitiatorNodeConfig } from './initiator-node.ts'
export { runUploadCell, type UploadCell } from './run-upload.ts'
export { STORERS, type StorerModel } from './storer/catalogue.ts'
export { UPLOADERS, type UploaderModel, type UploaderName } from './uploader/catalogue.ts'
export { EndpointNode, type EndpointNodeConfig } from './endpoint-node.ts'
export { type ModelTransfer, ServerNode, type ServerNodeConfig } from './server-node.ts'
export { Trace } from './trace.ts'
export { judge, type Verdict, type VerdictKind } from './verdict.ts'
export { type RunEnd, type RunLimits, World } from './world.ts'
export type { LabNode, Outlet, ReceivingNode, ServingNode, StoringNode, UploadingNode } from './node.ts'
export {
  FAULT_ROWS,
  FAULTS,
  type FaultMaker,
  type FaultName,
  type FaultRow,
  type Parameter,
  type PlacedFaults,
  TYPICAL_P,
} from './fault/catalogue.ts'
export { type AckStaleOptions, ackStale } from './fault/ack-stale.ts'
export { type ArpSilentOptions, arpSilent } from './fault/arp-silent.ts'
export { type BitErrorsOptions, bitErrors } from './fault/bit-errors.ts'
export { deadRx } from './fault/dead-rx.ts'
export { dropNth } from './fault/drop-nth.ts'
export { type DuplicateOptions, duplicate } from './fault/duplicate.ts'
export { type EeeWakeOptions, eeeWake } from './fault/eee-wake.ts'
export { type LossOptions, loss } from './fault/loss.ts'
export { type ReorderOptions, reorder } from './fault/reorder.ts'
export { type RxHoldOptions, rxHold, rxOneBehind } from './fault/rx-hold.ts'
export { type RxRingOptions, rxRing } from './fault/rx-ring.ts'
export { type TxAliasBurstOptions, txAliasBurst } from './fault/tx-alias-burst.ts'
export { type TxHoldOptions, txHold, txHoldAlias } from './fault/tx-hold.ts'
export { DEVICES } from './device/catalogue.ts'
export { type ClientRow, CLIENTS } from './device/clients.ts'
export {
  type Booted,
  bootDevice,
  type Device,
  type DeviceFault,
  type Draw,
  faultsText,
  withFaults,
} from './device/device.ts'
export { DEVICE_FAULTS } from './device/faults.ts'
export { parseDevice, readFaults } from './device/schema.ts'
export { aroundFirstFault, POINT, type Point, thinned } from './run-trace.ts'
export { type Cell, type Row, runCell, runMatrix, type Summary, summarize } from './run.ts'
export { SERVERS, type ServerName } from './server/catalogue.ts'
export {
  type ForeignModel,
  type ForesendModel,
  type ServerModel,
  type ServerNodeSetup,
  type ServeSetup,
  serverNode,
} from './server/model.ts'
export {
  EXPLAINED_SERVERS,
  type ExplainedCell,
  type ExplainedServer,
  type Explanation,
  type ExplainOptions,
  type ExplainProgress,
  explain,
  explainSteps,
} from './explain.ts'
export { type FaultVerdict, type Fit, OBSERVATIONS, type ObservationVerdict } from './explain-verdict.ts'
