// `npm run release`. Plain JavaScript around main.ts: makes TypeScript loadable.
import '../test/support/typescript-loader.mjs'

const { release } = await import('./main.ts')
process.exitCode = await release(process.argv.slice(2))
