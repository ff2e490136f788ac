// A Jest reporter. Its last lines count the tests that did not run, for each thing that this machine lacks. With CI=true a test that
// was skipped, for whatever reason, fails the run.
import { howToGet, missingIn } from './machine.mjs'

const counted = (count, noun, verb) => `${count} ${noun}${count === 1 ? '' : 's'} ${verb}${count === 1 ? 's' : ''}`

export default class SkippedTests {
  #global
  #error

  constructor(global) {
    this.#global = global
  }

  onRunComplete(_contexts, { testResults }) {
    const skipped = testResults.flatMap((file) => file.testResults).filter(({ status }) => status === 'pending')
    const counts = new Map()
    for (const { ancestorTitles } of skipped) {
      const missing = missingIn(ancestorTitles).join(' and ')
      if (missing !== '') counts.set(missing, (counts.get(missing) ?? 0) + 1)
    }
    for (const [missing, count] of counts) {
      const remedy = missing.split(' and ').map(howToGet).join(', ')
      process.stderr.write(`not run: ${counted(count, 'test', 'need')} ${missing} (${remedy})\n`)
    }
    // Whoever chooses tests by name has left the others out on purpose.
    const isChoice = (this.#global.testNamePattern ?? '') !== ''
    if (process.env.CI === 'true' && skipped.length > 0 && !isChoice) {
      const names = skipped.slice(0, 5).map(({ fullName }) => `  ${fullName}`)
      const subject = `${skipped.length} test${skipped.length === 1 ? ' was' : 's were'} skipped`
      this.#error = new Error([`CI=true demands that every test runs; ${subject}:`, ...names].join('\n'))
    }
  }

  getLastError() {
    return this.#error
  }
}
