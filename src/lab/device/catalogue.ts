/** Every device that comes with the lab, by its file. Adding one is a data file beside this one and its name here. */
import archerC2Faulty from './data/archer-c2-faulty.json' with { type: 'json' }
import archerC2Good from './data/archer-c2-good.json' with { type: 'json' }
import archerC2DeadRx from './data/archer-c2-dead-rx.json' with { type: 'json' }
import jh7110Star64 from './data/jh7110-star64.json' with { type: 'json' }
import olimexRt5350f from './data/olimex-rt5350f.json' with { type: 'json' }
import industruino from './data/industruino.json' with { type: 'json' }
import rpi4Rom from './data/rpi4-rom.json' with { type: 'json' }
import edk2Pxe from './data/edk2-pxe.json' with { type: 'json' }
import pxeSmallMtu from './data/pxe-small-mtu.json' with { type: 'json' }
import ubootVirtio from './data/uboot-virtio.json' with { type: 'json' }
import uboot11 from './data/uboot-1.1.json' with { type: 'json' }
import uboot2008 from './data/uboot-2008.json' with { type: 'json' }
import uboot2020 from './data/uboot-2020.json' with { type: 'json' }
import uboot2023 from './data/uboot-2023.json' with { type: 'json' }
import ubootBursts from './data/uboot-bursts.json' with { type: 'json' }
import lwip from './data/lwip.json' with { type: 'json' }
import ipxe from './data/ipxe.json' with { type: 'json' }
import grub from './data/grub.json' with { type: 'json' }
import foresendGet from './data/foresend-get.json' with { type: 'json' }
import curl from './data/curl.json' with { type: 'json' }
import strict from './data/strict.json' with { type: 'json' }
import window16 from './data/window-16.json' with { type: 'json' }
import type { Device } from './device.ts'
import { deviceFrom } from './schema.ts'

const FILES = [
  archerC2Faulty,
  archerC2Good,
  archerC2DeadRx,
  jh7110Star64,
  olimexRt5350f,
  industruino,
  rpi4Rom,
  edk2Pxe,
  pxeSmallMtu,
  ubootVirtio,
  uboot11,
  uboot2008,
  uboot2020,
  uboot2023,
  ubootBursts,
  lwip,
  ipxe,
  grub,
  curl,
  foresendGet,
  strict,
  window16,
]

export const DEVICES: Readonly<Record<string, Device>> = Object.fromEntries(
  FILES.map((data) => [data.name, deviceFrom(data, `${data.name}.json`)]),
)
