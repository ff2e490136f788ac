// Jest evaluates the engine once for each test file, and each time the engine warns about versions of Node that it does not support.
// That one line is left out of the report. What operators read about the version of Node is the command's own affair.
const warning = 'oidc-provider WARNING: Unsupported runtime. Use Node.js v22.x LTS, or a later LTS release.'

const output = globalThis.console
const warn = output.warn.bind(output)
output.warn = (...values) => {
  if (!String(values[0]).includes(warning)) warn(...values)
}
