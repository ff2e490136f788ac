// The environment of test files: Node's own global object, so that modules are shared by all files of a worker process (runtime.cjs).
import { createContext } from 'node:vm'

export default class SharedEnvironment {
  global = globalThis
  #console = globalThis.console
  #exit = process.exit
  #context = createContext({})

  /** Stack traces are Node's own, by the source maps in each module: Jest's way to show them knows its own transforms only. */
  async setup() {
    process.setSourceMapsEnabled(true)
    Error.prepareStackTrace = undefined
  }

  /** Gives back what Jest replaced for this file. */
  async teardown() {
    globalThis.console = this.#console
    process.exit = this.#exit
  }

  getVmContext() {
    return this.#context
  }
}
