"""The authority: tokens as Microsoft Entra ID issues them, and its errors. Every secret of the fake has MARK in it, so that tests can look for leaks."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.fake_graph.certificates import client_certificate
from tests.fake_graph.query import Json

MARK = "do-not-print-me"
CLIENT_ID = "c11e0000-0000-4000-8000-000000000001"
CLIENT_SECRET = f"client-secret-{MARK}~+/"
EXPIRED_SECRET = f"expired-secret-{MARK}"
FEDERATED_TOKEN = f"federated-token-{MARK}"
PIPELINE_TOKEN = f"pipeline-token-{MARK}"  # SYSTEM_ACCESSTOKEN of a pipeline, IDENTITY_HEADER of a managed identity
USER: Json = {
    "id": "0e000000-0000-4000-8000-000000000001", "displayName": "Ada Auditor", "userPrincipalName": "ada@contoso.com", "mail": "ada@contoso.com",
    "givenName": "Ada", "surname": "Auditor", "jobTitle": None, "businessPhones": [], "mobilePhone": None, "officeLocation": None,
    "preferredLanguage": None,
}  # fmt: skip


def _plain(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class SignInError(Exception):
    def __init__(self, status: int, error: str, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {
            "error": error,
            "error_description": f"AADSTS{code}: {message} Trace ID: 00000000-0000-4000-8000-00000000aaaa "
            "Correlation ID: 00000000-0000-4000-8000-00000000bbbb Timestamp: 2026-11-01 00:00:00Z",
            "error_codes": [code], "timestamp": "2026-11-01 00:00:00Z", "trace_id": "00000000-0000-4000-8000-00000000aaaa",
            "correlation_id": "00000000-0000-4000-8000-00000000bbbb",
        }  # fmt: skip


class Tokens:
    """Access tokens that are accepted, until when, and whether a user stands behind them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._issued: dict[str, tuple[float, bool]] = {}

    def issue(self, lifetime: float, delegated: bool, name: str = "") -> str:
        with self._lock:
            token = f"access-token-{MARK}-{name or len(self._issued)}"
            self._issued[token] = (time.monotonic() + lifetime, delegated)
        return token

    def revoke(self) -> None:
        """Every token that the token endpoint gave out so far."""
        with self._lock:
            for token, (until, delegated) in self._issued.items():
                if until != float("inf"):
                    self._issued[token] = (0.0, delegated)

    def check(self, token: str) -> str:
        """ "application", "delegated", or "" where the token is not accepted."""
        until, delegated = self._issued.get(token, (0.0, False))
        return "" if until <= time.monotonic() else "delegated" if delegated else "application"


def configuration(authority: str, tenant: str, tenant_id: str) -> Json:
    at = f"{authority}/{tenant}"
    return {
        "issuer": f"{authority}/{tenant_id}/v2.0", "token_endpoint": f"{at}/oauth2/v2.0/token",
        "authorization_endpoint": f"{at}/oauth2/v2.0/authorize", "device_authorization_endpoint": f"{at}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{at}/discovery/v2.0/keys", "response_types_supported": ["code", "id_token"], "scopes_supported": ["openid", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"], "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }  # fmt: skip


def token(form: dict[str, str], authority: str, tenant_id: str, tokens: Tokens, lifetime: int) -> Json:
    grant, scope = form.get("grant_type", ""), form.get("scope", "").split()
    if not scope and grant != "urn:ietf:params:oauth:grant-type:device_code":
        raise SignInError(400, "invalid_request", 900144, "The request body must contain the following parameter: 'scope'.")
    answer: Json = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime}
    if grant == "client_credentials":
        if any(not name.endswith("/.default") for name in scope):
            raise SignInError(400, "invalid_scope", 1002012, f"The provided value for scope {form['scope']} is not valid.")
        _check_client(form, authority)
        return {**answer, "access_token": tokens.issue(lifetime, delegated=False)}
    if grant in ("urn:ietf:params:oauth:grant-type:device_code", "refresh_token"):
        code = form.get("device_code") or form.get("refresh_token")
        if code not in (f"device-code-{MARK}", f"refresh-token-{MARK}"):
            raise SignInError(400, "invalid_grant", 70000, "The provided grant is invalid or malformed.")
        now = int(time.time())
        claims = {
            "aud": form.get("client_id"), "iss": f"{authority}/{tenant_id}/v2.0", "iat": now, "nbf": now - 60, "exp": now + 3600, "tid": tenant_id,
            "sub": USER["id"], "oid": USER["id"], "preferred_username": USER["userPrincipalName"], "name": USER["displayName"], "ver": "2.0",
        }  # fmt: skip
        parts = ({"alg": "none", "typ": "JWT"}, claims)
        return {
            **answer, "access_token": tokens.issue(lifetime, delegated=True), "scope": " ".join(scope), "refresh_token": f"refresh-token-{MARK}",
            "id_token": ".".join(_plain(json.dumps(part).encode()) for part in parts) + ".",
            "client_info": _plain(json.dumps({"uid": USER["id"], "utid": tenant_id}).encode()),
        }  # fmt: skip
    raise SignInError(400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'.")


def device_code(authority: str, tenant: str) -> Json:
    return {
        "user_code": "FAKECODE1", "device_code": f"device-code-{MARK}", "verification_uri": f"{authority}/{tenant}/device", "expires_in": 900,
        "interval": 1, "message": f"To sign in, open {authority}/{tenant}/device and enter the code FAKECODE1.",
    }  # fmt: skip


def pipeline(headers: dict[str, str]) -> Json:
    """Azure Pipelines (SYSTEM_OIDCREQUESTURI = {url}/pipelines/oidc): a federated token for the job's own token."""
    if headers.get("authorization") != f"Bearer {PIPELINE_TOKEN}":
        raise SignInError(401, "unauthorized", 50027, "This is not the token of the pipeline.")
    return {"oidcToken": FEDERATED_TOKEN}


def github(headers: dict[str, str], query: dict[str, str]) -> Json:
    """GitHub Actions (ACTIONS_ID_TOKEN_REQUEST_URL = {url}/github/oidc?api-version=2.0): a federated token for the job's own token."""
    if headers.get("authorization") != f"Bearer {PIPELINE_TOKEN}" or query.get("api-version") != "2.0":
        raise SignInError(401, "unauthorized", 50027, "This is not the token of the job.")
    return {"value": FEDERATED_TOKEN if query.get("audience") == "api://AzureADTokenExchange" else "for another audience"}


def managed_identity(headers: dict[str, str], tokens: Tokens, lifetime: int) -> Json:
    """App Service's endpoint (IDENTITY_ENDPOINT = {url}/identity/token)."""
    if headers.get("x-identity-header") != PIPELINE_TOKEN:
        raise SignInError(401, "unauthorized", 50027, "This is not the IDENTITY_HEADER.")
    until = str(int(time.time()) + lifetime)
    return {
        "access_token": tokens.issue(lifetime, delegated=False),
        "expires_on": until,
        "token_type": "Bearer",
        "resource": "",
        "client_id": CLIENT_ID,
    }


def _check_client(form: dict[str, str], authority: str) -> None:
    if form.get("client_id") != CLIENT_ID:
        raise SignInError(
            400, "unauthorized_client", 700016, f"Application with identifier '{form.get('client_id')}' was not found in the directory."
        )
    if "client_secret" in form:
        if form["client_secret"] == EXPIRED_SECRET:
            raise SignInError(401, "invalid_client", 7000222, f"The provided client secret keys for app '{CLIENT_ID}' are expired.")
        if form["client_secret"] != CLIENT_SECRET:
            raise SignInError(
                401, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent is the client secret value."
            )
    elif form.get("client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" and "client_assertion" in form:
        if form["client_assertion"] != FEDERATED_TOKEN:
            _check_assertion(form["client_assertion"], authority)
    else:
        raise SignInError(
            401, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        )


def _check_assertion(assertion: str, authority: str) -> None:
    """A JWT that our client's certificate signed."""
    try:
        head_text, claims_text, signature_text = assertion.split(".")
        head: dict[str, Any] = json.loads(_bytes(head_text))
        claims: dict[str, Any] = json.loads(_bytes(claims_text))
    except ValueError:
        raise SignInError(401, "invalid_client", 50027, "JWT token is invalid or malformed.") from None
    certificate = client_certificate().certificate
    der = certificate.public_bytes(serialization.Encoding.DER)
    thumbprints = {"x5t": hashlib.sha1(der).digest(), "x5t#S256": hashlib.sha256(der).digest()}
    known = any(name in head and _bytes(head[name]) == thumbprint for name, thumbprint in thumbprints.items())
    if not known:
        what = "x5t" in head or "x5t#S256" in head
        raise SignInError(401, "invalid_client", 700027 if what else 70021, "No matching certificate or federated identity record found.")
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH) if head.get("alg") == "PS256" else padding.PKCS1v15()
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(_bytes(signature_text), f"{head_text}.{claims_text}".encode(), scheme, hashes.SHA256())
    except InvalidSignature:
        raise SignInError(401, "invalid_client", 700027, "The certificate's signature of the client assertion is wrong.") from None
    if claims.get("iss") != CLIENT_ID or not str(claims.get("aud", "")).startswith(authority) or not claims.get("exp", 0) > time.time():
        raise SignInError(
            401, "invalid_client", 700024, "Client assertion is not within its valid time range, or not meant for this authority."
        )
