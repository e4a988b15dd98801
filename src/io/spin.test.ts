import { describe, expect, test } from 'vitest'
import { Spin } from './spin.ts'

const OPTIONS = { spinMs: 0.5, rest: 3, cores: 2 }

describe('a spin', () => {
  test('lasts its time, and starts anew with each answer', () => {
    const spin = new Spin(OPTIONS)
    expect(spin.isOn(10)).toBe(false)
    spin.begin(10)
    expect([spin.isOn(10), spin.isOn(10.49), spin.isOn(10.5)]).toEqual([true, true, false])
    spin.begin(10.4)
    expect([spin.isOn(10.89), spin.isOn(10.9)]).toEqual([true, false])
    spin.end()
    expect(spin.isOn(10.6)).toBe(false)
  })

  test('is not begun with a single core', () => {
    const spin = new Spin({ ...OPTIONS, cores: 1 })
    spin.begin(10)
    expect(spin.isOn(10)).toBe(false)
  })
})

describe('spins that no answer ended', () => {
  /** Begins a spin that nothing ends. Returns whether there was one. */
  const fruitless = (spin: Spin): boolean => {
    spin.begin(10)
    const began = spin.isOn(10)
    spin.end()
    return began
  }
  const times = (spin: Spin, count: number): boolean[] => Array.from({ length: count }, () => fruitless(spin))

  test('stop after eight for a rest, and begin again', () => {
    const spin = new Spin(OPTIONS)
    const [works, rests] = [Array(8).fill(true), Array(3).fill(false)]
    expect(times(spin, 8 + 3 + 8 + 3)).toEqual([...works, ...rests, ...works, ...rests])
  })

  test('are counted from the last answer', () => {
    const spin = new Spin(OPTIONS)
    times(spin, 7)
    spin.begin(10)
    spin.begin(10.1)
    spin.end()
    expect(times(spin, 8)).toEqual([true, true, true, true, true, true, true, false])
  })

  test('are not counted where none was begun', () => {
    const spin = new Spin(OPTIONS)
    for (let i = 0; i < 20; i++) spin.end()
    expect(fruitless(spin)).toBe(true)
  })
})
