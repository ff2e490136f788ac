/**
 * The engine warns on standard error, once for each process that loads it, that it does not support this version of Node. On an
 * operator's `clients list` that is noise; `serve` says what there is to say about the version (serve.ts).
 */
const warning = 'oidc-provider WARNING: Unsupported runtime.'

/** Leaves that one line out; everything else is printed as before. Call it before the engine is loaded. */
export function silenceRuntimeWarning(output: Pick<Console, 'warn'>): void {
  const warn = output.warn.bind(output)
  output.warn = (...values: readonly unknown[]) => {
    if (!String(values[0]).includes(warning)) warn(...values)
  }
}
