// How test files are loaded. Jest's own runtime gives each file a global object and a copy of every module, which costs a second and a
// half for each file with a server. Here Node loads them: a module is evaluated once in a worker process, a test file once for each run
// of it. What a file changes outside itself (environment, prototypes, globals) it has to give back.
// CommonJS, because Jest requires it.
const { pathToFileURL } = require('node:url')
const circus = require('jest-circus')

const eventHandlers = Symbol.for('EVENT_HANDLERS')
const ownHandlers = globalThis[eventHandlers].length

let hooks
let loaded = 0

/** Circus keeps in the global object what a file registers: its tests, and who is told of their events. Jest's adapter has a state of its own. */
function forgetFileBefore() {
  globalThis[eventHandlers].length = ownHandlers
  circus.resetState()
  for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
    if (symbol.description === 'JEST_STATE_SYMBOL') globalThis[symbol] = circus.getState()
  }
}

module.exports = class SharedRuntime {
  constructor() {
    hooks ??= Promise.all([import('../typescript-loader.mjs'), import('./globals-loader.mjs')])
    forgetFileBefore()
  }

  unstable_shouldLoadAsEsm() {
    return true
  }

  /** A test file, or a file that is set up before it: evaluated anew, while what it imports is shared. */
  async unstable_importModule(path) {
    await hooks
    loaded += 1
    await import(`${pathToFileURL(path)}?load=${loaded}`)
  }

  requireModule(path) {
    return require(path)
  }

  requireInternalModule(path) {
    return require(path)
  }

  /** Of Jest's transforms, which are not used: Node reads the maps that the loader leaves in each module (environment.mjs). */
  getSourceMaps() {
    return new Map()
  }

  getAllCoverageInfoCopy() {
    return undefined
  }

  // Jest's hooks for what this runtime does not keep.
  setGlobalsForRuntime() {}
  enterTestCode() {}
  leaveTestCode() {}
  teardown() {}
}
