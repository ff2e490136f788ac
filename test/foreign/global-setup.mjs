// Before the first test of `npm run test:foreign`: the libraries of every language that this machine can run are installed.
// What is missing is skipped, and said here; with CI=true it is a failure.
import setUpRun from '../support/global-setup.mjs'
import { toolchains } from './toolchains.mjs'

export default function setUp() {
  setUpRun()
  const found = toolchains.map((toolchain) => ({ ...toolchain, place: toolchain.find() }))
  const lacking = found.filter(({ place }) => place === undefined)
  const remedies = lacking.map(({ name, install }) => `${name} (${install})`).join(', ')
  if (remedies !== '' && process.env.CI === 'true') throw new Error(`CI=true, but this machine lacks ${remedies}`)
  if (remedies !== '') process.stderr.write(`This machine lacks ${remedies}: their tests are skipped, and counted.\n`)
  const prepared = found
    .filter(({ place }) => place !== undefined)
    .map(({ name, place, prepare }) => [name, prepare(place)])
  process.env.FOREIGN_TOOLCHAINS = JSON.stringify(Object.fromEntries(prepared))
}
