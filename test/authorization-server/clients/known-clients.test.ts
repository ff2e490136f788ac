import { describe, expect, it } from '@jest/globals'
import { borrowedName, knownClient } from '../../../src/authorization-server/clients/known-clients.js'

describe('Products known by their metadata document', () => {
  it.each([
    ['https://claude.ai/oauth/mcp-oauth-client-metadata', 'Claude', 'Anthropic'],
    ['https://claude.ai/oauth/claude-code-client-metadata', 'Claude Code', 'Anthropic'],
    ['https://chatgpt.com/oauth/client.json', 'ChatGPT', 'OpenAI'],
    ['https://chatgpt.com/oauth/IbUR3zxyNQ16/client.json', 'ChatGPT', 'OpenAI'],
    ['https://chatgpt.com/oauth/codex/client.json', 'Codex', 'OpenAI'],
    ['https://chatgpt.com/oauth/codex/4-bzS8rt42zJ/client.json', 'Codex', 'OpenAI'],
    ['https://vscode.dev/oauth/client-metadata.json', 'Visual Studio Code', 'Microsoft'],
  ])('%s is %s by %s', (clientId, product, maker) => expect(knownClient(clientId)).toEqual({ product, maker }))

  it.each([
    ['a slash at the end', 'https://claude.ai/oauth/claude-code-client-metadata/'],
    ['a port', 'https://claude.ai:443/oauth/claude-code-client-metadata'],
    ['another case', 'https://CLAUDE.ai/oauth/claude-code-client-metadata'],
    ['a query', 'https://claude.ai/oauth/claude-code-client-metadata?x=1'],
    ['another path of the host', 'https://claude.ai/oauth/anything'],
    ['a longer host', 'https://claude.ai.evil.example/oauth/claude-code-client-metadata'],
    ['a host one letter off', 'https://claude-ai/oauth/claude-code-client-metadata'],
    ['more segments than the maker mints', 'https://chatgpt.com/oauth/a/b/client.json'],
    ['an empty segment', 'https://chatgpt.com/oauth//client.json'],
    ['a segment of dots', 'https://chatgpt.com/oauth/../client.json'],
    ['a line feed at the end', 'https://chatgpt.com/oauth/client.json\n'],
    ['http', 'http://chatgpt.com/oauth/client.json'],
  ])('nobody is known by %s', (_what, clientId) => expect(knownClient(clientId)).toBeUndefined())
})

describe('Names that remind of a known product', () => {
  it.each([
    ['Claude', 'Claude'],
    ['Claude Code (notes)', 'Claude'],
    ['Сlаudе', 'Claude'],
    ['C l a u d é', 'Claude'],
    ['Ｃｌａｕｄｅ', 'Claude'],
    ['cl4ude', 'Claude'],
    ['C⎮aude', 'Claude'],
    ['C/aude', 'Claude'],
    ['C\\aude', 'Claude'],
    ['Clau𝼥e', 'Claude'],
    ['Claucle', 'Claude'],
    ['G1tHub', 'GitHub'],
    ['CIaude', 'Claude'],
    ['C|aude', 'Claude'],
    ['Сӏaude', 'Claude'],
    ['Claᴜde', 'Claude'],
    ['Claսde', 'Claude'],
    ['Cłaude', 'Claude'],
    ['ɡoogle', 'Google'],
    ['copılot', 'GitHub Copilot'],
    ['OpenAl', 'OpenAI'],
    ['Gernini', 'Gemini'],
    ['vvindsurf', 'Windsurf'],
    ['Internal cod index', undefined],
    ['V.S. Code', 'Visual Studio Code'],
    ['GitHub Copilot CLI', 'GitHub Copilot'],
    ['My notes', undefined],
    ['', undefined],
  ])('%s', (name, product) => expect(borrowedName(name)).toBe(product))

  it.each([
    ['Claude', 'claude.ai', undefined],
    ['Claude for Teams', 'teams.claude.com', undefined],
    ['Claude', 'notclaude.ai', 'Claude'],
    ['Claude', 'claude.ai.evil.example', 'Claude'],
    ['Claude', 'chatgpt.com', 'Claude'],
    ['Notes', 'evil.example', undefined],
  ])('%s, by a document on %s', (name, host, product) => expect(borrowedName(name, host)).toBe(product))
})
