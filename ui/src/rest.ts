/** What is not shown first comes in one file behind it. */
import { later } from './later.tsx'

export const rest = later(() => import('./views/rest.ts'))
