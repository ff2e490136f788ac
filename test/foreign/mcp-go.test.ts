import { describeMcpClient } from './mcp-client.js'

describeMcpClient('go-sdk', 'go', 'gosdk')
