"""FastMCP's client with its OAuth helper, which opens the browser and takes the callback itself."""

import time
from typing import Any
from urllib.parse import urlsplit

from fastmcp import Client
from fastmcp.client.auth import OAuth
from steps import run


class Program:
    async def sign_in(self, url: str, redirect_uri: str) -> dict[str, Any]:
        address = urlsplit(redirect_uri)
        self.oauth = OAuth(callback_host=address.hostname or "", callback_port=address.port)
        self.client = await Client(url, auth=self.oauth).__aenter__()
        return {"tools": [tool.name for tool in await self.client.list_tools()]}

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        result = await self.client.call_tool(name, arguments, raise_on_error=False)
        return {"isError": result.is_error, "structuredContent": result.structured_content}

    async def tokens(self) -> dict[str, Any]:
        client_info = await self.oauth.token_storage_adapter.get_client_info()
        tokens = await self.oauth.token_storage_adapter.get_tokens()
        if client_info is None or tokens is None:
            raise RuntimeError("not signed in")
        return {
            "clientId": client_info.client_id,
            "clientSecret": client_info.client_secret,
            "accessToken": tokens.access_token,
            "refreshToken": tokens.refresh_token,
            "scope": tokens.scope,
        }

    async def expire(self) -> dict[str, Any]:
        """Lets the library believe that its access token has expired, so that it refreshes before the next request."""
        self.oauth.context.token_expiry_time = time.time() - 1
        return {}


program = Program()
run({"signIn": program.sign_in, "callTool": program.call_tool, "tokens": program.tokens, "expire": program.expire})
