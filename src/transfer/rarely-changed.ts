/**
 * Fields that most objects of a class never change: all of these share one array of the first values, and the first change of any
 * field gives its object a copy. Thousands of transfers wait at once, and few of them lose a packet (docs/adr/0013).
 */

type Changeable<Fields> = { -readonly [Name in keyof Fields]: Fields[Name] extends boolean ? boolean : number }

/** Made by `rarelyChanged`. */
class Rarely {
  values: number[]

  constructor(shared: number[]) {
    this.values = shared
  }
}

/** A class whose objects have these fields, with these values at first. */
export function rarelyChanged<Fields extends Readonly<Record<string, number | boolean>>>(
  initial: Fields,
): new () => Changeable<Fields> {
  const shared = Object.values(initial).map(Number)
  const change = (object: Rarely, i: number, value: number): void => {
    if (object.values === shared) object.values = shared.slice()
    object.values[i] = value
  }
  class Made extends Rarely {
    constructor() {
      super(shared)
    }
  }
  // Small functions: V8 puts them into the code that reads and writes the fields.
  Object.entries(initial).forEach(([name, first], i) => {
    const number = {
      get(this: Rarely): number {
        return this.values[i]
      },
      set(this: Rarely, value: number): void {
        if (this.values[i] !== value) change(this, i, value)
      },
    }
    const flag = {
      get(this: Rarely): boolean {
        return this.values[i] !== 0
      },
      set(this: Rarely, value: boolean): void {
        if ((this.values[i] !== 0) !== value) change(this, i, value ? 1 : 0)
      },
    }
    Object.defineProperty(Made.prototype, name, typeof first === 'number' ? number : flag)
  })
  const made: new () => Rarely = Made
  if (!hasFields(made, initial)) throw new TypeError('a field was not made')
  return made
}

function hasFields<Fields extends object>(
  made: new () => Rarely,
  initial: Fields,
): made is new () => Rarely & Changeable<Fields> {
  const one = new made()
  return Object.keys(initial).every((name) => name in one)
}
