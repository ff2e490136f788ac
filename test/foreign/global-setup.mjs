// Before the first test of `npm run test:foreign`: the libraries of every language that this machine has are installed.
import setUpRun from '../support/global-setup.mjs'
import { howToGet, lookForLanguages } from '../support/machine.mjs'
import { installLibraries } from './install-libraries.mjs'

export default function setUp() {
  setUpRun()
  const { places, missing } = lookForLanguages()
  const lacks = missing.map((name) => `${name} (${howToGet(name)})`).join(', ')
  if (lacks !== '' && process.env.CI === 'true') {
    throw new Error(`CI=true demands that every test runs, and this machine lacks ${lacks}`)
  }
  if (lacks !== '')
    process.stderr.write(`This machine lacks ${lacks}: the tests that need it are skipped, and counted.\n`)
  process.env.TEST_CAPABILITIES = [process.env.TEST_CAPABILITIES, ...Object.keys(places)].join(',')
  process.env.FOREIGN_PROGRAMS = JSON.stringify(installLibraries(places))
}
