// What `npm ci` leaves to be done: the page of the server is built, where the tools for that are installed. Without development
// dependencies it goes without: the package ships the built page. Plain JavaScript, as npm may run it under any Node.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

if (existsSync(new URL('../node_modules/vite/package.json', import.meta.url))) {
  execFileSync('npm', ['run', '--silent', 'build:ui'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
}
