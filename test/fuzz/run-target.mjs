// One target under jazzer.js, in a process of its own: the engine ends it when it finds something. `fuzz.mjs` starts it:
// `node --import test/support/typescript-loader.mjs test/fuzz/run-target.mjs <target> <folder for new seeds> <arguments of libFuzzer>`.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { judge } from './judge.ts'
import { loadNativeEngine } from './native-engine.mjs'
import { targetNamed } from './targets.ts'

const [name = '', ...fuzzerOptions] = process.argv.slice(2)
const root = fileURLToPath(new URL('../..', import.meta.url))
const require = createRequire(import.meta.url)
const { load, packages = [] } = targetNamed(name)

loadNativeEngine()
const jazzer = require('@jazzer.js/core')
const { registerEsmLoaderHooks } = require('@jazzer.js/instrumentor')

const options = new jazzer.OptionsManager(jazzer.OptionSource.DefaultCLIOptions).merge(
  {
    includes: [`${root}src/`, ...packages],
    // None of it reads what strangers send.
    excludes: ['/generated/', '/src/storage/', '/src/database/'],
    fuzzerOptions,
    // Of one input. The targets have a bound of their own, which is far lower and says more.
    timeout: 120_000,
  },
  jazzer.OptionSource.CommandLineArguments,
)
jazzer.registerGlobals(options)
const instrumentor = await jazzer.initFuzzing(options)
registerEsmLoaderHooks(instrumentor)
instrumentor.sendHooksToLoader()

const target = await load()
// Most targets are synchronous, and get through many times as many inputs.
const sync = target.check(Buffer.alloc(0)) === undefined
options.merge({ sync, dictionaryEntries: [...target.dictionary] }, jazzer.OptionSource.JestFuzzTestOptions)
options.get('fuzzerOptions').push(`-max_len=${target.maxBytes}`)
const { returnCode } = await jazzer.startFuzzingNoInit(
  jazzer.asFindingAwareFuzzFn((input) => judge(target, input)),
  options,
)
process.exit(returnCode)
