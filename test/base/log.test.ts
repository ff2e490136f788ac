import { describe, expect, it } from '@jest/globals'
import { createLogger } from '../../src/base/log.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'

function logged(error: unknown): string {
  const lines: string[] = []
  createLogger('info', { write: (line) => void lines.push(line) }).error({ err: error }, 'failed')
  return lines.join('')
}

describe('A logged error', () => {
  it('says its kind, message, code, stack and causes', () => {
    const cause = Object.assign(new RangeError('too deep'), { code: 'E_DEEP' })
    const line = JSON.parse(logged(new Error('failed to load', { cause })))
    expect(line.err).toMatchObject({
      type: 'Error',
      message: 'failed to load',
      stack: expect.stringContaining('log.test'),
      cause: { type: 'RangeError', message: 'too deep', code: 'E_DEEP' },
    })
  })

  it('carries nothing else, not in its causes either', () => {
    const cause = Object.assign(new Error('inner'), { params: ['hunter2'], detail: 'Key (email)=(hunter2)' })
    expect(logged(Object.assign(new Error('outer', { cause }), { params: ['hunter2'] }))).not.toContain('hunter2')
  })

  it('may be anything that was thrown, and may cause itself', () => {
    expect(logged('a word')).toContain('a word')
    expect(logged(null)).toContain('null')
    const loop = new Error('loop')
    loop.cause = loop
    expect(logged(loop)).toContain('loop')
  })
})

describeOnDatabases('A logged error of a database, on %s', (kind) => {
  it('never holds what was to be written', async () => {
    const database = await openTestDatabase(kind, 'auth')
    try {
      const text = 'SELECT $1::text, $2::jsonb'
      const failing = database.sql.query({ name: 'log_test', lane: 'write', text }, [
        'hunter2',
        '{"password": "\\u0000 hunter2"}',
      ])
      const error = await failing.then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(logged(error)).toContain('Unicode')
      expect(logged(error)).not.toContain('hunter2')
    } finally {
      await database.close()
    }
  })
})
