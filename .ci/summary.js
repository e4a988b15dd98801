// Reads vitest's JSON report, names what was skipped, and prints the closing line. Exit code 1 when a test failed or
// none ran. Plain JavaScript for the Node of the host.
import { readFileSync } from 'node:fs'

let report
try {
  report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
} catch (error) {
  console.log(`no report from the test runner: ${error.message}`)
  report = { testResults: [], success: false }
}

const count = { passed: 0, failed: 0, skipped: 0 }
for (const file of report.testResults) {
  let failedHere = 0
  for (const test of file.assertionResults) {
    if (test.status === 'passed') count.passed += 1
    else if (test.status === 'failed') failedHere += 1
    else {
      count.skipped += 1
      console.log(`skipped: ${test.fullName.trim()}`)
    }
  }
  // A file that does not load has no tests to report, and is a failure all the same.
  if (file.status === 'failed' && failedHere === 0) {
    failedHere = 1
    console.log(`failed to run: ${file.name}: ${String(file.message).split('\n')[0]}`)
  }
  count.failed += failedHere
}
if (!report.success) process.exitCode = 1
if (count.failed > 0 || count.passed === 0) process.exitCode = 1
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
