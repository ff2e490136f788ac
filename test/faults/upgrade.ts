/** An upgrade from a former commit to this build, and back, while people are served: docs/operations/upgrade.md, put to the test. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/run-folder.js'
import { builtProgram } from '../support/stack-process.js'
import { type Fault, type Scene, seconds } from './fault.js'
import { now } from './readiness.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The last one before the libraries became packages. Until there are releases, it stands for the release before. */
const formerCommit = '263a2d83b8b9d712a29baf2e75fe8383ea1376e0'

function isInHistory(): boolean {
  try {
    execFileSync('git', ['cat-file', '-e', `${formerCommit}^{commit}`], { cwd: root, stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

let built: string | undefined

/** The program of that commit, built once of its own sources and its own packages. */
function formerProgram(): string {
  if (built !== undefined) return built
  const folder = temporaryFolder('former')
  const run = (...[name = '', ...args]: readonly string[]) => execFileSync(name, args, { cwd: folder, stdio: 'pipe' })
  const archive = join(folder, 'sources.tar')
  execFileSync('git', ['archive', '--format=tar', `--output=${archive}`, formerCommit], { cwd: root, stdio: 'pipe' })
  run('tar', '-xf', archive)
  run('npm', 'ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund')
  run(process.execPath, 'build.mjs', '--generate-only')
  // Without the image of an embedded database, which PostgreSQL does not need and whose making takes longest.
  run(process.execPath, 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json')
  built = join(folder, 'dist/main.js')
  return built
}

interface Way {
  readonly failed: number
  readonly seconds: number
  readonly longest: number
}

/** One process after the other, authorization servers first, each told to the proxy before. */
async function replaceAll({ world, load, demand, demandReadiness }: Scene, program: string): Promise<Way> {
  const [startedAt, putOffBefore, served] = [now(), load.putOff, world.front.answers.length]
  for (const server of world.auth) {
    const [port = 0] = server.origins.map((origin) => Number(new URL(origin).port))
    world.front.takeOut(port)
    demand((await server.stop()) === 0, 'a server that was asked to stop did not end by itself')
    await server.restart(program)
    world.front.putBack(port)
  }
  const failed = load.putOff - putOffBefore
  demand(failed === 0, `${failed} requests failed`)
  // There is one of it: its callers wait for it.
  await world.mcp.stop()
  await world.mcp.restart(program)
  await demandReadiness(true, now(), 3)
  const tokens = load.counts.tokens
  for (let waited = 0; waited < 600 && load.counts.tokens <= tokens; waited += 1) await sleep(50)
  demand(load.counts.tokens > tokens, 'nobody got tokens afterwards')
  const answers = world.front.answers.slice(served).filter(({ path }) => path !== '/revocations')
  const longest = Math.max(...answers.map(({ milliseconds }) => milliseconds)) / 1_000
  return { failed, seconds: (now() - startedAt) / 1_000, longest }
}

export const upgradeAndBack: Fault = {
  id: 'F27',
  name: 'upgrade from a former commit to this build under load, one process after the other, and back again',
  guarantee:
    'no request to the authorization servers fails, no refresh is refused, everything acknowledged by either is known to both',
  quick: true,
  unavailable: () =>
    isInHistory()
      ? undefined
      : `this clone has no history back to ${formerCommit.slice(0, 7)}; get it with git fetch --unshallow`,
  // What the proxy had sent before it was told may not have arrived when the signal does.
  world: () => ({ env: { STOP_DELAY_SECONDS: '1' }, program: formerProgram() }),
  strike: async (scene) => {
    const up = await replaceAll(scene, builtProgram)
    await sleep(scene.quick ? 1_000 : 10_000)
    const back = await replaceAll(scene, formerProgram())
    const told = (way: Way) =>
      `${way.failed} requests failed, ${seconds(way.seconds)}, the longest request ${seconds(way.longest)}`
    return [`upgrade: ${told(up)}`, `and back: ${told(back)}`]
  },
}
