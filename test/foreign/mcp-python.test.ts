import { describeMcpClient } from './mcp-client.js'

describeMcpClient('mcp (Python SDK)', 'python', 'mcp_client')
