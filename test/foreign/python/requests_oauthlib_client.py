"""requests-oauthlib: a public client that signs people in, with the scope checks of oauthlib left on."""

import os
import time
import webbrowser
from typing import Any

# The issuer under test is on loopback, without TLS.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from anyio.to_thread import run_sync
from callback import CallbackServer
from requests_oauthlib import OAuth2Session
from steps import run


class Program:
    async def set_up(self, issuer: str, client_id: str, redirect_uri: str, client_secret: str | None = None) -> dict[str, Any]:
        self.metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=60).json()
        self.client_id, self.client_secret = client_id, client_secret
        self.callback = CallbackServer(redirect_uri)
        return {}

    async def sign_in(self, scope: str) -> dict[str, Any]:
        self.session = OAuth2Session(
            self.client_id,
            redirect_uri=self.callback.redirect_uri,
            scope=scope.split(),
            pkce="S256",
            auto_refresh_url=self.metadata["token_endpoint"],
            auto_refresh_kwargs={"client_id": self.client_id},
            token_updater=lambda token: None,
        )
        # What offline_access is ignored without (OpenID Connect Core §11); oauthlib takes a scope that was ignored for an error.
        prompt = {"prompt": "consent"} if "offline_access" in scope.split() else {}
        authorization_url, _ = self.session.authorization_url(self.metadata["authorization_endpoint"], **prompt)
        webbrowser.open(authorization_url)
        answer = await run_sync(self.callback.wait)
        token = self.session.fetch_token(
            self.metadata["token_endpoint"], authorization_response=answer, client_secret=self.client_secret
        )
        return {"scope": " ".join(token["scope"]), "accessToken": token["access_token"]}

    async def userinfo(self) -> dict[str, Any]:
        answer = self.session.get(self.metadata["userinfo_endpoint"])
        answer.raise_for_status()
        return {"claims": answer.json()}

    async def refresh(self, scope: str) -> dict[str, Any]:
        """The session refreshes by itself, with its own scope, before a request with an expired token."""
        self.session.token = {**self.session.token, "expires_at": time.time() - 60, "expires_in": -60}
        self.session.get(self.metadata["userinfo_endpoint"]).raise_for_status()
        return {"scope": " ".join(self.session.token["scope"]), "accessToken": self.session.token["access_token"]}

    async def revoke(self) -> dict[str, Any]:
        body = {"client_id": self.client_id, "token": self.session.token["refresh_token"]}
        requests.post(self.metadata["revocation_endpoint"], data=body, timeout=60).raise_for_status()
        return {}


program = Program()
run(
    {
        "setUp": program.set_up,
        "signIn": program.sign_in,
        "userinfo": program.userinfo,
        "refresh": program.refresh,
        "revoke": program.revoke,
    }
)
