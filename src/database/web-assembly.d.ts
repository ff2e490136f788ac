/**
 * The part of the WebAssembly API that migrate.ts uses; Node has it, but its type package does not, and the DOM's types declare too much.
 */
declare namespace WebAssembly {
  interface Instance {
    readonly exports: Record<string, unknown>
  }
  type ModuleImports = Record<string, unknown>
  function instantiate(
    bytes: Uint8Array,
    imports: Record<string, ModuleImports>,
  ): Promise<{ readonly instance: Instance }>
}
