/**
 * Every foreign function of this program, and the memory layouts that they read: Linux on x86-64 and arm64 (both little
 * endian with 64-bit pointers; glibc and musl lay these structures out alike there). Nothing is copied on the way: a
 * Uint8Array that is given as a pointer is the memory that the kernel reads and writes during the call.
 */
import { createRequire } from 'node:module'
import { endianness } from 'node:os'
import { isMainThread } from 'node:worker_threads'

/** Functions return what the system call returns, or -errno. Buffers need to live during the call only. */
export interface Native {
  socket(domain: number, type: number): number
  bind(fd: number, name: Uint8Array, nameBytes: number): number
  /** Fills `name`. */
  getsockname(fd: number, name: Uint8Array): number
  setsockopt(fd: number, level: number, option: number, value: number): number
  /** An option whose value is a structure. */
  setsockoptBytes(fd: number, level: number, option: number, value: Uint8Array): number
  connect(fd: number, name: Uint8Array, nameBytes: number): number
  close(fd: number): number
  /** Fills up to `count` mmsghdr of `messages`; never waits. */
  recvmmsg(fd: number, messages: Uint8Array, count: number): number
  /** Takes one entry from the socket's error queue into the msghdr; never waits. */
  recverr(fd: number, message: Uint8Array): number
  /** Sends `count` mmsghdr; never waits. */
  sendmmsg(fd: number, messages: Uint8Array, count: number): number
  /** `fds` holds `count` pollfd. Waits for `timeoutMs`, a float with a microsecond's resolution at least. */
  poll(fds: Uint8Array, count: number, timeoutMs: number): number
  /** The number of a network interface, 0 when there is none of this name. */
  interfaceIndex(name: string): number
  /**
   * Maps the first `bytes` of a file for reading; the address is above 0. It is for the kernel to read from only: where the
   * file has become shorter a system call answers EFAULT, but JavaScript would end with the process.
   */
  map(fd: number, bytes: number): number
  unmap(address: number, bytes: number): number
  /** Where the memory of `buffer` begins. It stays there as long as the buffer is referenced. */
  address(buffer: ArrayBuffer): bigint
  /** Becomes readable when Node's event loop has something to do; -1 when it cannot be known. */
  readonly loopFd: number
}

/** What a program needs to give up rights (landlock.ts). Functions return as those of `Native` do. */
export interface ConfinementCalls {
  /** A new Landlock ruleset from a struct landlock_ruleset_attr, or without one the version of the kernel's interface. */
  landlockCreate(attributes: Uint8Array | undefined): number
  /** Adds a struct landlock_path_beneath_attr. */
  landlockAllow(ruleset: number, attributes: Uint8Array): number
  /** This thread, and what it starts from now on, is confined by `ruleset`. */
  landlockRestrict(ruleset: number): number
  /** This thread, and what it starts from now on, gets no privileges from the files that it executes (prctl(2)). */
  noNewPrivileges(): number
  /** A program that is executed in the place of this one gets `fd` too. */
  inherit(fd: number): number
  close(fd: number): number
}

export const AF_INET = 2
export const AF_INET6 = 10
export const AF_PACKET = 17
/** SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC */
export const DATAGRAM_SOCKET = 0x2 | 0x800 | 0x80000

/** SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC */
export const RAW_SOCKET = 0x3 | 0x800 | 0x80000

export const SOL_SOCKET = 1
export const SO_SNDBUF = 7
export const SO_RCVBUF = 8
export const SO_REUSEPORT = 15
export const SO_ATTACH_FILTER = 26
export const SO_SNDBUFFORCE = 32
export const SO_RCVBUFFORCE = 33
/** The kernel's time of each frame, as struct timespec. */
export const SO_TIMESTAMPNS = 35
/** How many frames were dropped because the buffer was full. */
export const SO_RXQ_OVFL = 40
export const SOL_IP = 0
export const IP_PKTINFO = 8
export const IP_RECVERR = 11
export const SOL_IPV6 = 41
export const IPV6_RECVERR = 25
export const IPV6_V6ONLY = 26
export const SOL_UDP = 17
export const SOL_PACKET = 263
export const PACKET_ADD_MEMBERSHIP = 1
export const UDP_SEGMENT = 103
export const UDP_GRO = 104

export const POLLIN = 1
export const POLLOUT = 4
export const POLLERR = 8

export const EPERM = 1
export const EINTR = 4
export const EIO = 5
export const EAGAIN = 11
export const ENOMEM = 12
export const EACCES = 13
export const EINVAL = 22
export const EMFILE = 24
export const EFAULT = 14
export const EMSGSIZE = 90
export const ENETUNREACH = 101
export const ENOBUFS = 105
export const ECONNREFUSED = 111
export const EHOSTUNREACH = 113

/** struct sockaddr_in and sockaddr_in6, in a slot that holds either. */
export const SOCKADDR = { bytes: 32, inBytes: 16, in6Bytes: 28, port: 2, inAddress: 4, in6Address: 8, in6Scope: 24 }
/** struct sockaddr_ll. */
export const SOCKADDR_LL = { bytes: 20, protocol: 2, index: 4, packetType: 10 }
/** struct packet_mreq: a card that hands on frames for other machines as well, while its socket is open. */
export const PACKET_MREQ = { bytes: 16, index: 0, type: 4 }
/** struct sock_fprog and struct sock_filter. */
export const FILTER_PROGRAM = { bytes: 16, count: 0, filter: 8 }
export const FILTER = { bytes: 8, code: 0, onTrue: 2, onFalse: 3, value: 4 }
/** struct iovec. */
export const IOVEC = { bytes: 16, base: 0, length: 8 }
/** struct mmsghdr: a msghdr and what was received or sent. */
export const MMSGHDR = {
  bytes: 64,
  name: 0,
  nameBytes: 8,
  iov: 16,
  iovCount: 24,
  control: 32,
  controlBytes: 40,
  flags: 48,
  length: 56,
}
/** struct cmsghdr and where its data begins. */
export const CMSG = { length: 0, level: 8, type: 12, data: 16, align: 8 }
/** struct sock_extended_err: only its ee_errno. */
export const EXTENDED_ERROR = { errno: 0, origin: 4 }
/** struct in_pktinfo: the address to send from, and the one that was sent to. */
export const PKTINFO = { bytes: 12, from: 4, to: 8 }
export const POLLFD = { bytes: 8, fd: 0, events: 4, revents: 6 }

/** Entry `i` of `fds`, for `poll`, waits for `events` of `fd`. */
export function writePollfd(fds: Uint8Array, i: number, fd: number, events: number): void {
  const view = new DataView(fds.buffer, fds.byteOffset + i * POLLFD.bytes)
  view.setInt32(POLLFD.fd, fd, true)
  view.setInt16(POLLFD.events, events, true)
}

const PROT_READ = 1
const MAP_SHARED = 1
const MSG_DONTWAIT = 0x40
const MSG_ERRQUEUE = 0x2000
const MSG_NOSIGNAL = 0x4000

/** Numbers of system calls; the same on x86-64 and arm64. */
const LANDLOCK_CREATE_RULESET = 444
const LANDLOCK_ADD_RULE = 445
const LANDLOCK_RESTRICT_SELF = 446
const LANDLOCK_CREATE_RULESET_VERSION = 1
const LANDLOCK_RULE_PATH_BENEATH = 1
const PR_SET_NO_NEW_PRIVS = 38
const F_SETFD = 2

/** As much of koffi as is used here. */
interface Koffi {
  load(path: null): { func(definition: string): (...values: unknown[]) => number }
  errno(): number
  address(buffer: ArrayBuffer): bigint
}

/** The functions, or the reason in words why they cannot be had. */
export function loadNative(): Native | string {
  return loadWith(bindFunctions)
}

/** The functions for confinement, or the reason in words why there are none. */
export function loadConfinement(): ConfinementCalls | string {
  return loadWith(bindConfinement)
}

function loadWith<T>(bind: (koffi: Koffi) => T): T | string {
  if (process.platform !== 'linux') return `it needs Linux, and this is ${process.platform}`
  if (process.arch !== 'x64' && process.arch !== 'arm64') return `it needs x86-64 or arm64, and this is ${process.arch}`
  if (endianness() !== 'LE') return 'it needs a little-endian processor'
  let koffi: Koffi
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi
  } catch (error) {
    return `the optional package koffi cannot be loaded (${firstLine(error)}); install it with npm install koffi`
  }
  try {
    return bind(koffi)
  } catch (error) {
    return `a function of the C library is missing (${firstLine(error)})`
  }
}

/** What both sets of functions begin with. */
function basics(koffi: Koffi) {
  // Everything that this process has loaded already: the C library and Node's libuv.
  const library = koffi.load(null)
  const closeFd = library.func('int close(int fd)')
  const result = (value: number): number => (value < 0 ? -koffi.errno() : value)
  return { library, result, close: (fd: number): number => result(closeFd(fd)) }
}

function bindFunctions(koffi: Koffi): Native {
  const { library, result, close } = basics(koffi)
  const socket = library.func('int socket(int domain, int type, int protocol)')
  const bind = library.func('int bind(int fd, void *name, uint32_t bytes)')
  const getsockname = library.func('int getsockname(int fd, void *name, void *bytes)')
  const setsockopt = library.func('int setsockopt(int fd, int level, int option, void *value, uint32_t bytes)')
  const connect = library.func('int connect(int fd, void *name, uint32_t bytes)')
  const mmap = library.func('int64_t mmap(void *at, uint64_t bytes, int access, int flags, int fd, int64_t offset)')
  const munmap = library.func('int munmap(uint64_t address, uint64_t bytes)')
  const recvmmsg = library.func('int recvmmsg(int fd, void *messages, uint32_t count, int flags, void *timeout)')
  const recvmsg = library.func('int64_t recvmsg(int fd, void *message, int flags)')
  const sendmmsg = library.func('int sendmmsg(int fd, void *messages, uint32_t count, int flags)')
  const ppoll = library.func('int ppoll(void *fds, uint64_t count, void *timeout, void *mask)')
  const indexOf = library.func('uint32_t if_nametoindex(const char *name)')
  const number = new Int32Array(1)
  const timespec = new BigInt64Array(2)
  const halves = new Uint32Array(timespec.buffer)
  return {
    socket: (domain, type) => result(socket(domain, type, 0)),
    bind: (fd, name, nameBytes) => result(bind(fd, name, nameBytes)),
    getsockname: (fd, name) => {
      number[0] = name.length
      return result(getsockname(fd, name, number))
    },
    setsockopt: (fd, level, option, value) => {
      number[0] = value
      return result(setsockopt(fd, level, option, number, 4))
    },
    setsockoptBytes: (fd, level, option, value) => result(setsockopt(fd, level, option, value, value.length)),
    connect: (fd, name, nameBytes) => result(connect(fd, name, nameBytes)),
    close,
    recvmmsg: (fd, messages, count) => result(recvmmsg(fd, messages, count, MSG_DONTWAIT, null)),
    recverr: (fd, message) => result(recvmsg(fd, message, MSG_ERRQUEUE | MSG_DONTWAIT)),
    sendmmsg: (fd, messages, count) => result(sendmmsg(fd, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL)),
    poll: (fds, count, timeoutMs) => {
      // The upper halves stay 0: no wait is as long as 2^32 s. Numbers, as a BigInt would be an object for each call.
      halves[0] = Math.floor(timeoutMs / 1000)
      halves[2] = Math.floor((timeoutMs % 1000) * 1e6)
      return result(ppoll(fds, count, timespec, null))
    },
    interfaceIndex: (name) => indexOf(name),
    map: (fd, bytes) => result(mmap(null, bytes, PROT_READ, MAP_SHARED, fd, 0)),
    unmap: (address, bytes) => result(munmap(address, bytes)),
    address: (buffer) => koffi.address(buffer),
    loopFd: isMainThread ? loopDescriptor(library) : -1,
  }
}

function bindConfinement(koffi: Koffi): ConfinementCalls {
  const { library, result, close } = basics(koffi)
  // The C library has no functions for Landlock.
  const syscall = library.func('int64_t syscall(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)')
  const fcntl = library.func('int fcntl(int fd, int command, int value)')
  const prctl = library.func('int prctl(int option, uint64_t a, uint64_t b, uint64_t c, uint64_t d)')
  const addressOf = ({ buffer, byteOffset }: Uint8Array): bigint =>
    koffi.address(buffer as ArrayBuffer) + BigInt(byteOffset)
  return {
    landlockCreate: (attributes) =>
      result(
        attributes === undefined
          ? syscall(LANDLOCK_CREATE_RULESET, 0, 0, LANDLOCK_CREATE_RULESET_VERSION, 0)
          : syscall(LANDLOCK_CREATE_RULESET, addressOf(attributes), attributes.length, 0, 0),
      ),
    landlockAllow: (ruleset, attributes) =>
      result(syscall(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_PATH_BENEATH, addressOf(attributes), 0)),
    landlockRestrict: (ruleset) => result(syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0, 0, 0)),
    noNewPrivileges: () => result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)),
    inherit: (fd) => result(fcntl(fd, F_SETFD, 0)),
    close,
  }
}

/** libuv's documented way to wait for its loop together with something else. */
function loopDescriptor(library: ReturnType<Koffi['load']>): number {
  try {
    const loop = library.func('void *uv_default_loop()')()
    return library.func('int uv_backend_fd(void *loop)')(loop)
  } catch {
    return -1
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] as string
}
