import { connect } from 'node:net'

/** A request as its bytes: fetch lets nobody set Host. `post`: the raw body of a POST, whose length or coding `head` tells. */
export async function sendRaw(
  port: number,
  head: readonly string[],
  path = '/',
  post?: string,
): Promise<{ status: number; headers: Headers; body: string }> {
  const socket = connect(port, '127.0.0.1')
  const method = post === undefined ? 'GET' : 'POST'
  socket.write([`${method} ${path} HTTP/1.1`, ...head, 'Connection: close', '', post ?? ''].join('\r\n'))
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  const [top = '', body = ''] = text.split('\r\n\r\n')
  const [statusLine = '', ...fields] = top.split('\r\n')
  const headers = new Headers(
    fields.map((field): [string, string] => [field.split(':')[0] ?? '', field.slice(field.indexOf(':') + 1).trim()]),
  )
  return { status: Number(statusLine.split(' ')[1]), headers, body }
}
