/** `npm run fuzz -- coverage [INPUTS] [SEED]`: see coverage-fuzz.ts. Ends with 1 and the input that does harm. */
export async function fuzzCoverage(inputs: number, seed: number): Promise<void> {
  // The code under test is loaded behind the hook that counts its blocks.
  await import('./instrument.ts')
  const { fuzzWithCoverage } = await import('./coverage-fuzz.ts')
  try {
    const report = fuzzWithCoverage({
      inputs,
      seed,
      onProgress: (done, reached, corpus) =>
        console.log(`${done} of ${inputs} inputs, ${reached} blocks, ${corpus} kept`),
    })
    for (const [folder, { reached, all }] of [...report.folders].sort(([a], [b]) => (a < b ? -1 : 1))) {
      console.log(`${folder.padEnd(20)} ${String(reached).padStart(5)} of ${String(all).padStart(5)} blocks`)
    }
    console.log(`not reached: ${report.unreached.join(' ')}`)
    const sum = [...report.folders.values()].reduce((total, { reached }) => total + reached, 0)
    const all = [...report.folders.values()].reduce((total, folder) => total + folder.all, 0)
    console.log(
      `${report.inputs} inputs in ${(report.ms / 1000).toFixed(0)} s, seed ${seed}: ${sum} of ${all} blocks reached, ` +
        `${report.corpus} inputs kept, ${report.growth.join(' ')} blocks after each tenth; ` +
        `none threw, none stuck, the slowest step took ${report.slowestMs.toFixed(1)} ms`,
    )
  } catch (error) {
    console.error(error)
    process.exitCode = 1
  }
}
