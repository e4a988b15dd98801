/** A module that test files share is evaluated once per process: a hook at its top level would belong to the first file that imports it. */
import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const HOOK = /^(?:before|after)(?:Each|All)\(/m

test('modules that test files share have no hooks at their top level', () => {
  const shared = globSync(['{test,src,bench,ui/src}/**/*.ts']).filter((path) => !path.endsWith('.test.ts'))
  expect(shared).toContain('test/e2e/serving.ts')
  expect(shared.filter((path) => HOOK.test(readFileSync(path, 'utf8')))).toEqual([])
})
