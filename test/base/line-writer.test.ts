import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import { createLineWriter } from '../../src/base/line-writer.js'
import { createLogger, forwardLines } from '../../src/base/log.js'
import { eventually } from '../support/eventually.js'
import { killAfterwards } from '../support/opened.js'

const droppedLine = (dropped: number) => `dropped ${dropped}\n`

/** A pipe that takes so many bytes until it is read. */
function pipeOf(size: number) {
  let held = 0
  const written: Buffer[] = []
  let writes = 0
  return {
    write: (bytes: Buffer) => {
      const taken = Math.min(bytes.length, size - held)
      if (taken === 0) throw Object.assign(new Error('full'), { code: 'EAGAIN' })
      writes += 1
      held += taken
      written.push(Buffer.from(bytes.subarray(0, taken)))
      return taken
    },
    read: () => {
      held = 0
    },
    lines: () => Buffer.concat(written).toString().split('\n').slice(0, -1),
    writes: () => writes,
  }
}

describe('Lines', () => {
  it('that are logged in a moment leave in one write, in their order, and at once when told to', async () => {
    const pipe = pipeOf(65_536)
    const output = createLineWriter(1, { droppedLine, write: pipe.write })
    const log = createLogger('info', output)
    log.info('first')
    await new Promise((done) => setImmediate(done))
    log.info('second')
    expect(pipe.writes()).toBe(0)
    await eventually(() => pipe.writes() === 1)
    expect(pipe.lines().map((line) => JSON.parse(line).msg)).toEqual(['first', 'second'])
    log.info('third')
    output.flushSync()
    output.flushSync()
    expect(pipe.lines().map((line) => JSON.parse(line).msg)).toEqual(['first', 'second', 'third'])
    await sleep(40)
    expect(pipe.writes()).toBe(2)
  })

  it('wait for a slow reader and come once and whole, while the process goes on', async () => {
    const pipe = pipeOf(100)
    const output = createLineWriter(1, { droppedLine, write: pipe.write, gatherMs: 1, retryMs: 1 })
    const expected = Array.from({ length: 500 }, (_, index) => `line ${index} é`)
    for (const line of expected) output.write(`${line}\n`)
    await eventually(() => {
      pipe.read()
      return pipe.lines().length === expected.length
    })
    expect(pipe.lines()).toEqual(expected)
  })

  it('beyond what may wait are dropped, the newest ones, and counted', async () => {
    const pipe = pipeOf(10)
    const output = createLineWriter(1, { droppedLine, write: pipe.write, gatherMs: 1, retryMs: 1, most: 40 })
    for (let index = 0; index < 10; index += 1) output.write(`line ${index}\n`)
    await eventually(() => {
      pipe.read()
      return pipe.lines().some((line) => line.startsWith('dropped'))
    })
    expect(pipe.lines()).toEqual(['line 0', 'line 1', 'line 2', 'line 3', 'line 4', 'dropped 5'])
    output.write('line 10\n')
    output.flushSync(0)
    pipe.read()
    output.flushSync()
    expect(pipe.lines().at(-1)).toBe('line 10')
  })

  it('that cannot be written, on a full disk for example, are counted, and later ones are written', async () => {
    const pipe = pipeOf(65_536)
    let isFull = true
    const write = (bytes: Buffer) => {
      if (isFull) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
      return pipe.write(bytes)
    }
    const output = createLineWriter(1, { droppedLine, write, gatherMs: 1, retryMs: 1 })
    output.write('line 0\nline 1\n')
    await sleep(20)
    isFull = false
    output.write('line 2\n')
    await eventually(() => pipe.lines().length === 2)
    expect(pipe.lines()).toEqual(['dropped 2', 'line 2'])
  })

  it('are given up at the end of the process if nobody reads for so long', () => {
    const output = createLineWriter(1, {
      droppedLine,
      retryMs: 1,
      write: () => {
        throw Object.assign(new Error('full'), { code: 'EAGAIN' })
      },
    })
    output.write('line\n')
    output.flushSync(20)
  })

  it('of another process are passed on whole, and what it left half-written gets an end', async () => {
    const written: string[] = []
    async function* chunks() {
      for (const chunk of ['one\ntw', 'o', '\nthree é'.slice(0, 3), 'ree\nfo', 'ur']) yield Buffer.from(chunk)
    }
    await forwardLines(chunks(), { write: (lines) => void written.push(lines) })
    expect(written).toEqual(['one\n', 'two\n', 'three\n', 'four\n'])
  })
})

/** A process that logs, through the built logger and a real pipe. */
function logging(script: string) {
  const log = pathToFileURL(resolve('dist/base/log.js')).href
  const begin = `const { createLogger } = await import(${JSON.stringify(log)}); process.stdout; const log = createLogger('info');`
  const child = killAfterwards(
    spawn(process.execPath, ['--input-type=module', '--eval', `${begin}\n${script}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  )
  return { child, ended: once(child, 'exit'), told: once(child.stderr, 'data') }
}

/** Reads so much at once, so often. */
async function readSlowly(stream: NodeJS.ReadableStream, pauseMs: number): Promise<Record<string, unknown>[]> {
  let text = ''
  for await (const chunk of stream) {
    text += String(chunk)
    await sleep(pauseMs)
  }
  expect(text.endsWith('\n')).toBe(true)
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

describe('A process that logs into a slow pipe', () => {
  it('loses no line at SIGTERM, and its event loop never waits', async () => {
    const { child, ended, told } = logging(`
      let n = 0, turns = 0
      setInterval(() => {
        for (let i = 0; i < 500 && n < 10000; i += 1) log.info({ n: n++ }, 'x'.repeat(150))
        turns += 1
        if (turns === 40) process.stderr.write('forty turns')
      }, 1)
      process.on('SIGTERM', () => { log.info({ n, turns }, 'stopping'); process.exit(0) })`)
    // Nobody reads yet, and the pipe holds 64 KiB. It goes on turning all the same.
    await told
    child.kill('SIGTERM')
    const lines = await readSlowly(child.stdout, 2)
    expect(await ended).toEqual([0, null])
    const numbers = lines.map(({ n }) => n)
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index))
    expect(numbers).toHaveLength(10_001)
    expect(lines.at(-1)).toMatchObject({ msg: 'stopping', n: 10_000 })
  })

  it('leaves the line of a crash, and all before it', async () => {
    const { child, ended } = logging(`
      for (let n = 0; n < 3000; n += 1) log.info({ n }, 'y'.repeat(150))
      process.on('uncaughtException', (err) => { log.fatal({ err }, 'uncaught exception'); process.exit(1) })
      setTimeout(() => { log.info({ n: 3000 }, 'last'); throw new Error('boom') }, 5)`)
    const lines = await readSlowly(child.stdout, 2)
    expect(await ended).toEqual([1, null])
    expect(lines).toHaveLength(3_002)
    expect(lines.at(-1)).toMatchObject({ level: 'fatal', err: { message: 'boom' } })
  })

  it('says how many lines it dropped when nobody reads for long, and keeps its memory', async () => {
    const { child, ended, told } = logging(`
      for (let n = 0; n < 100000; n += 1) log.info({ n }, 'z'.repeat(150))
      setTimeout(() => process.stderr.write('logged'), 100)
      setInterval(() => undefined, 1000)
      process.on('SIGTERM', () => { log.info({ rss: process.memoryUsage.rss() }, 'stopping'); process.exit(0) })`)
    await told
    const reading = readSlowly(child.stdout, 0)
    child.kill('SIGTERM')
    const lines = await reading
    await ended
    const kept = lines.filter(({ n }) => n !== undefined)
    const dropped = lines.reduce((sum, { dropped: some }) => sum + Number(some ?? 0), 0)
    expect(kept.map(({ n }) => n)).toEqual(Array.from({ length: kept.length }, (_, index) => index))
    expect(dropped).toBeGreaterThan(0)
    expect(kept.length + dropped).toBe(100_000)
    expect(Number(lines.at(-1)?.['rss'])).toBeLessThan(200 * 1024 * 1024)
  })
})
