import { fileURLToPath } from 'node:url'

/** The package as users install it (package-folder.ts makes it), with a slash at its end. */
export const PACKAGE = fileURLToPath(new URL('../../node_modules/.cache/foresend-tests/package/', import.meta.url))

/** The command of that package. */
export const LAUNCHER = `${PACKAGE}bin/foresend.js`
