/** What follows the events of a server outside of it: a command for each transfer that ends, and a program on a Unix socket. */
import type { Server, ServerEvent } from '../server/contract.ts'
import { HookCommand } from './hook-command.ts'
import { HookSocket } from './hook-socket.ts'

export interface HookSettings {
  readonly command?: string | undefined
  readonly socket?: string | undefined
}

/** Follows `server` from now on. The function that comes back ends that, when what runs has ended. Undefined when nothing is to be followed. */
export function startHooks(
  server: Pick<Server, 'subscribe'>,
  { command, socket }: HookSettings,
  notice: (message: string) => void,
): (() => Promise<void>) | undefined {
  const hooks = [
    ...(command === undefined ? [] : [new HookCommand({ command, notice })]),
    ...(socket === undefined ? [] : [new HookSocket({ path: socket, notice })]),
  ]
  if (hooks.length === 0) return undefined
  const leave = server.subscribe((event: ServerEvent) => {
    for (const hook of hooks) hook.event(event)
  }, 'info')
  return async () => {
    leave()
    await Promise.all(hooks.map((hook) => hook.close()))
  }
}
