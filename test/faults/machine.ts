/** The machine itself has no more of something: disk, CPU, memory. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askPastProxy, portOf } from '../support/past-proxy.js'
import type { StackProcess } from '../support/stack-process.js'
import { type Fault, seconds } from './fault.js'
import { now } from './readiness.js'
import { p99 } from './watched.js'
import { processes } from './world.js'

let disk = ''

/** A disk of its own for PostgreSQL, in memory. Throws where nobody may mount. */
function mountDisk(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=320m', 'gatehouse-faults', folder], { stdio: 'pipe' })
  } catch (error) {
    rmdirSync(folder)
    throw error
  }
  // PostgreSQL runs as another user.
  chmodSync(folder, 0o755)
  process.once('exit', () => {
    execFileSync('umount', ['--lazy', folder], { stdio: 'ignore' })
    rmdirSync(folder)
  })
  return folder
}

function whyNoDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root may mount a disk that is small enough'
  try {
    disk = mountDisk()
    return undefined
  } catch {
    return 'nothing may be mounted here'
  }
}

/** Takes what is free on the disk, again and again: PostgreSQL frees some by itself. Returns how to give it back. */
function fillDisk(): () => void {
  const files: string[] = []
  const fill = () => {
    const { bavail, bsize } = statfsSync(disk)
    if (bavail === 0) return
    const file = join(disk, `ballast-${files.length}`)
    files.push(file)
    try {
      writeFileSync(file, Buffer.alloc(bavail * bsize))
    } catch {
      // Somebody else was faster with the last of it.
    }
  }
  fill()
  const timer = setInterval(fill, 20)
  return () => {
    clearInterval(timer)
    for (const file of files) rmSync(file, { force: true })
  }
}

export const fullDisk: Fault = {
  id: 'F8',
  name: 'the disk of PostgreSQL full for 10 s, then not',
  guarantee: 'a request that cannot be served gets 503; no server ends; ready ≤ 5 s after PostgreSQL is',
  unavailable: whyNoDisk,
  world: () => ({ postgresFolder: disk }),
  strike: async ({ world, load, demand, demandReadiness }) => {
    const before = load.putOff
    const empty = fillDisk()
    try {
      await sleep(10_000)
    } finally {
      empty()
    }
    const putOff = load.putOff - before
    demand(putOff > 0, 'nobody was told to come again')
    // Without space for its log it may have ended itself: then it is started, as an operator would.
    const answers = await world.postgres.url('auth').then(
      () => true,
      () => false,
    )
    if (!answers) await world.postgres.restart()
    const back = await demandReadiness(true, now(), 5)
    const served = load.counts.tokens
    for (const since = now(); load.counts.tokens === served && now() - since < 30_000; ) await sleep(50)
    demand(load.counts.tokens > served, 'no token was issued afterwards')
    demand(
      processes(world).every(({ isRunning }) => isRunning),
      'a server has ended',
    )
    const how = answers ? 'PostgreSQL went on by itself' : 'PostgreSQL had ended itself'
    return [`${putOff} put off, ${how}, ready after ${seconds(back)}`]
  },
}

/** Loops that want all of a core each. */
function startLoops(count: number): ChildProcess[] {
  return Array.from({ length: count }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }))
}

export const noCpu: Fault = {
  id: 'F19',
  name: 'four busy loops on each core for 15 s',
  guarantee: 'slower, but no wrong answer; never are both authorization servers out at once',
  strike: async ({ world, load, demand }) => {
    const times = () =>
      world.front.answers.flatMap(({ path, milliseconds }) => (path === '/token' ? [milliseconds] : []))
    const base = p99(times())
    const before = times().length
    world.front.watchReadiness()
    let bothOut = 0
    const loops = startLoops(4 * availableParallelism())
    const served = load.counts.tokens
    try {
      for (const since = now(); now() - since < 15_000; ) {
        if (world.auth.every((server) => !world.front.isIn(portOf(server)))) bothOut += 1
        await sleep(50)
      }
    } finally {
      for (const loop of loops) loop.kill('SIGKILL')
    }
    demand(bothOut === 0, 'both servers were taken out at once')
    demand(load.counts.tokens > served, 'no tokens were issued')
    const slow = p99(times().slice(before))
    const told = `${world.front.toldNotReady} times one was told not ready`
    return [
      `${load.counts.tokens - served} tokens issued, p99 of /token ${Math.round(base)} → ${Math.round(slow)} ms, ${told}`,
    ]
  },
}

/** From now on the process gets hardly any more memory of the system than it has. */
function takeMemory(pid: number): void {
  const kilobytes = Number(/VmSize:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  execFileSync('prlimit', ['--pid', String(pid), `--as=${(kilobytes + 2_048) * 1_024}`], { stdio: 'pipe' })
}

function whyNoLimit(): string | undefined {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'pipe' })
    return undefined
  } catch {
    return 'prlimit (Debian: util-linux) is not installed'
  }
}

/** Asks for more at once than fits, until the server is gone. Resolves to whether it is. */
async function exhaust(server: StackProcess, limitMs: number): Promise<boolean> {
  const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'x'.repeat(60_000) }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const startedAt = now()
  const worker = async () => {
    while (server.isRunning && now() - startedAt < limitMs) {
      await askPastProxy(server, '/token', { method: 'POST', headers, body }).catch(() => sleep(20))
    }
  }
  await Promise.all(Array.from({ length: 400 }, worker))
  return !server.isRunning
}

export const noMemory: Fault = {
  id: 'F20',
  name: 'the system gives one of two authorization servers no more memory, while 400 ask it at once, three times',
  guarantee: 'when it ends, only what it was answering is put off; it starts again clean, and nothing is torn',
  unavailable: whyNoLimit,
  world: () => ({}),
  strike: async ({ world, load, demand, demandReadiness }) => {
    const [, second] = world.auth
    let ends = 0
    const back: number[] = []
    for (let round = 0; round < 3; round += 1) {
      const served = load.counts.tokens
      takeMemory(second.pid)
      if (await exhaust(second, 8_000)) ends += 1
      else await second.kill9()
      for (const since = now(); load.counts.tokens === served && now() - since < 30_000; ) await sleep(50)
      demand(load.counts.tokens > served, 'the other server issued no tokens')
      await second.restart()
      back.push(await demandReadiness(true, now(), 3, [second]))
    }
    const outlived = 3 - ends
    const killed = outlived === 0 ? '' : ` (${outlived} times it held out for 8 s and was killed)`
    return [`it ran out of memory ${ends} times${killed}, ready ${seconds(Math.max(...back))} after its start`]
  },
}
