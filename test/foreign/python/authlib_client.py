"""Authlib's integration for Starlette and FastAPI: a web application, confidential, that signs people in."""

import threading
from typing import Any
from urllib.parse import urlencode, urlsplit

import anyio
import uvicorn
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.integrations.starlette_client import OAuth
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from steps import run


class Program:
    async def set_up(self, issuer: str, client_id: str, redirect_uri: str, client_secret: str) -> dict[str, Any]:
        self.redirect_uri = redirect_uri
        self.oauth = OAuth()
        self.oauth.register(
            "gatehouse",
            client_id=client_id,
            client_secret=client_secret,
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid", "code_challenge_method": "S256"},
        )
        address = urlsplit(redirect_uri)
        app = Starlette(
            routes=[Route("/login", self.log_in), Route(address.path, self.take_callback)],
            middleware=[Middleware(SessionMiddleware, secret_key="of a throwaway test application")],
        )
        config = uvicorn.Config(app, host=address.hostname or "", port=address.port or 0, log_level="warning")
        server = uvicorn.Server(config)
        threading.Thread(target=server.run, daemon=True).start()
        while not server.started:
            await anyio.sleep(0.05)
        self.login_url = f"{address.scheme}://{address.netloc}/login"
        return {}

    async def begin(self, scope: str) -> dict[str, Any]:
        return {"url": f"{self.login_url}?{urlencode({'scope': scope})}"}

    async def log_in(self, request: Request) -> Response:
        return await self.oauth.gatehouse.authorize_redirect(
            request, self.redirect_uri, scope=request.query_params["scope"]
        )

    async def take_callback(self, request: Request) -> Response:
        self.token = await self.oauth.gatehouse.authorize_access_token(request)
        return PlainTextResponse(f"Signed in as {self.token['userinfo']['sub']}")

    async def session(self) -> dict[str, Any]:
        return {
            "claims": dict(self.token["userinfo"]),
            "scope": self.token["scope"],
            "accessToken": self.token["access_token"],
        }

    async def userinfo(self) -> dict[str, Any]:
        return {"claims": dict(await self.oauth.gatehouse.userinfo(token=self.token))}

    async def refresh(self, scope: str) -> dict[str, Any]:
        self.token = await self.oauth.gatehouse.fetch_access_token(
            grant_type="refresh_token", refresh_token=self.token["refresh_token"], scope=scope
        )
        return {"scope": self.token["scope"], "accessToken": self.token["access_token"]}

    async def revoke(self) -> dict[str, Any]:
        metadata = await self.oauth.gatehouse.load_server_metadata()
        async with AsyncOAuth2Client(self.oauth.gatehouse.client_id, self.oauth.gatehouse.client_secret) as client:
            answer = await client.revoke_token(metadata["revocation_endpoint"], token=self.token["refresh_token"])
            answer.raise_for_status()
        return {}


program = Program()
run(
    {
        "setUp": program.set_up,
        "begin": program.begin,
        "session": program.session,
        "userinfo": program.userinfo,
        "refresh": program.refresh,
        "revoke": program.revoke,
    }
)
