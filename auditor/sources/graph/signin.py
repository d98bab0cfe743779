"""Signing in: from an --auth name to a credential that the SDK can ask for tokens. Only here is azure-identity used."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError
from azure.identity import CredentialUnavailableError

from auditor.display import is_pasted
from auditor.entra.clouds import Cloud
from auditor.errors import UsageError
from auditor.sources.graph.faults import NotSignedIn
from auditor.sources.graph.redaction import redacted, sent, without

_EARLY = 300  # seconds before a token ends in which a new one is asked for
_TOKEN = "REGAUDIT_ACCESS_TOKEN"  # noqa: S105  (the name of a variable)
_ADVICE = {
    "7000215": "the client secret is wrong: use the secret's value, not its ID",
    "7000222": "the client secret has expired: add a new one to the registration that regaudit signs in with",
    "700016": "no such application in this tenant: are --tenant and AZURE_CLIENT_ID right?",
    "7000229": "the application has no service principal in this tenant: an admin has to consent to it first",
    "90002": "no such tenant: check --tenant, and --cloud",
    "900382": "the tenant is in another cloud: set --cloud",
    "700027": "the certificate is not one of the registration's: upload it there",
    "700213": "no federated credential matches the token's issuer, subject and audience: compare them with the registration's",
    "70021": "no federated credential matches the token's issuer, subject and audience: compare them with the registration's",
    "50027": "the token is malformed: the file of a federated token must hold it alone, without a line break",
    "65001": "consent is missing: an admin has to grant the permissions that `regaudit permissions` prints",
    "50076": "multi-factor authentication is needed: sign in with --auth browser, or run `az login` again",
    "50079": "multi-factor authentication is needed: sign in with --auth browser, or run `az login` again",
    "700082": "the sign-in has expired: run `az login` again",
    "53003": "a Conditional Access policy blocks this sign-in: ask the administrator of these policies",
    "50020": "this account is not in the tenant: run `az login --tenant TENANT`",
}
_HOW = {
    "default": (
        "sign in with `az login{tenant}`, or set AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET, or select a way with --auth"
    ),
    "cli": "sign in with `az login{tenant}`",
    "managed-identity": "this needs a machine in Azure with a managed identity",
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """How to sign in. `tenant` is an id or a domain; None leaves it to the credential."""

    auth: str
    cloud: Cloud
    tenant: str | None = None
    ca_bundle: str | None = None
    prompt: Callable[[str], None] = print

    def credential(self) -> Credential:
        """Raises UsageError where something that the way needs is not set."""
        try:
            made = _WAYS[self.auth](self)
        except ValueError as error:  # azure-identity's own checks
            raise UsageError(f"--auth {self.auth}: {redacted(str(error))}") from None
        asked = {"tenant_id": self.tenant} if self.auth == "default" and self.tenant else {}
        return Credential(made, self.auth, asked, self.tenant)

    # -- what azure-identity's constructors take

    def options(self, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"authority": self.cloud.authority, "retry_total": 1, **more}
        if not self.cloud.known_authority:
            found["disable_instance_discovery"] = True
        if self.ca_bundle:
            found["connection_verify"] = self.ca_bundle
        return found

    def needed(self, *names: str) -> list[str]:
        """Values of variables. The tenant may be given on the command line instead."""
        values = {name: os.environ.get(name, "") for name in names}
        if self.tenant and "AZURE_TENANT_ID" in values:
            values["AZURE_TENANT_ID"] = self.tenant
        if missing := [name for name, value in values.items() if not value]:
            raise UsageError(f"--auth {self.auth} needs {' and '.join(missing)} in the environment")
        return list(values.values())

    def tenant_or(self, default: str) -> str:
        return self.tenant or os.environ.get("AZURE_TENANT_ID") or default


class Credential:
    """A credential of azure-identity, asked once for each token that is needed, in a thread of its own.

    (`AzureCliCredential` alone would start `az` for each request.) Raises NotSignedIn, which says what to do.
    """

    def __init__(self, made: Any, auth: str, asked: dict[str, str], tenant: str | None = None) -> None:
        self._made, self._auth, self._asked, self._tenant = made, auth, asked, tenant
        self._token: AccessToken | None = None
        self._alone = asyncio.Lock()

    async def get_token(self, *scopes: str, claims: str | None = None, **_: Any) -> AccessToken:
        """A token that is valid for a while. `claims`: Graph's challenge, which the token at hand does not meet."""
        before = self._token
        async with self._alone:
            fresh = self._token is not before  # another request has just got one
            if self._token is not None and (fresh or claims is None) and self._token.expires_on - time.time() > _EARLY:
                return self._token
            asked = {**self._asked, **({"claims": claims, "enable_cae": True} if claims else {})}
            try:
                token: AccessToken = await asyncio.to_thread(self._made.get_token, *scopes, **asked)
            except (AzureError, ValueError, OSError) as error:
                raise NotSignedIn(_explained(error, self._auth, self._tenant, challenged=claims is not None)) from None
            sent(token.token)
            self._token = token
            return token

    async def close(self) -> None:
        close = getattr(self._made, "close", None)
        if close is not None:
            close()


class _Given:
    """A token that somebody else got."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *_: str, claims: str | None = None, **__: Any) -> AccessToken:
        if claims:
            raise CredentialUnavailableError(f"Microsoft Graph wants a newer token than the one in {_TOKEN}")
        return AccessToken(self._token, int(time.time()) + 365 * 86400)


def _given(of: SignIn) -> Any:
    token = of.needed(_TOKEN)[0].strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"{_TOKEN} holds no token: letters, digits, dots, dashes, in one line")
    return _Given(token)


def _default(of: SignIn) -> Any:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(**of.options(additionally_allowed_tenants=["*"]))


def _cli(of: SignIn) -> Any:
    from azure.identity import AzureCliCredential

    return AzureCliCredential(tenant_id=of.tenant or "", process_timeout=60)


def _environment(of: SignIn) -> Any:
    return _client_secret(of) if os.environ.get("AZURE_CLIENT_SECRET") else _certificate(of)


def _workload_identity(of: SignIn) -> Any:
    from azure.identity import WorkloadIdentityCredential

    tenant, client, file = of.needed("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE")
    return WorkloadIdentityCredential(tenant_id=tenant, client_id=client, token_file_path=file, **of.options())


def _managed_identity(of: SignIn) -> Any:
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=os.environ.get("AZURE_CLIENT_ID") or None)


def _client_secret(of: SignIn) -> Any:
    from azure.identity import ClientSecretCredential

    tenant, client, secret = of.needed("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
    return ClientSecretCredential(tenant, client, secret, **of.options())


def _certificate(of: SignIn) -> Any:
    from azure.identity import CertificateCredential

    tenant, client, file = of.needed("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_CERTIFICATE_PATH")
    password = os.environ.get("AZURE_CLIENT_CERTIFICATE_PASSWORD") or None
    try:
        return CertificateCredential(tenant, client, file, password=password, **of.options())
    except (OSError, ValueError) as error:
        raise UsageError(f"AZURE_CLIENT_CERTIFICATE_PATH: {file}: {redacted(str(error))} (a PEM or PKCS12 file with an RSA key)") from None


def _azure_pipelines(of: SignIn) -> Any:
    from azure.identity import AzurePipelinesCredential

    names = ("AZURESUBSCRIPTION_TENANT_ID", "AZURESUBSCRIPTION_CLIENT_ID", "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "SYSTEM_ACCESSTOKEN")
    tenant, client, connection, token = of.needed(*names)
    return AzurePipelinesCredential(
        tenant_id=of.tenant or tenant, client_id=client, service_connection_id=connection, system_access_token=token, **of.options()
    )


def _github_actions(of: SignIn) -> Any:
    from azure.identity import ClientAssertionCredential

    tenant, client = of.needed("AZURE_TENANT_ID", "AZURE_CLIENT_ID")
    address, token = (os.environ.get(f"ACTIONS_ID_TOKEN_REQUEST_{name}", "") for name in ("URL", "TOKEN"))
    if not (address.startswith("https://") and token):
        raise UsageError("--auth github-actions works in a job of GitHub Actions that has `permissions: id-token: write`")
    return ClientAssertionCredential(tenant, client, lambda: _job_token(address, token, of), **of.options())


def _job_token(address: str, token: str, of: SignIn) -> str:
    """A token of this job of GitHub Actions, made for Microsoft Entra ID. It lives for minutes: each sign-in takes a new one.

    Raises CredentialUnavailableError.
    """
    try:
        answer = httpx.get(
            httpx.URL(address).copy_set_param("audience", of.cloud.federated_audience),
            headers={"Authorization": f"Bearer {token}"},
            verify=ssl.create_default_context(cafile=of.ca_bundle) if of.ca_bundle else True,
            timeout=30,
        )
        answer.raise_for_status()
        made = str(answer.json()["value"])
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, LookupError, TypeError) as error:
        raise CredentialUnavailableError(f"GitHub does not give the job a token: {type(error).__name__}: {error}") from None
    sent(made)
    return made


def _device_code(of: SignIn) -> Any:
    from azure.identity import DeviceCodeCredential

    def ask(url: str, code: str, _: object) -> None:
        of.prompt(f"To sign in, open {redacted(url)} and enter the code {redacted(code)}")

    client = os.environ.get("AZURE_CLIENT_ID")
    return DeviceCodeCredential(
        tenant_id=of.tenant_or("organizations"), prompt_callback=ask, **of.options(**({"client_id": client} if client else {}))
    )


def _browser(of: SignIn) -> Any:
    from azure.identity import InteractiveBrowserCredential

    client = os.environ.get("AZURE_CLIENT_ID")
    return InteractiveBrowserCredential(tenant_id=of.tenant_or("organizations"), **of.options(**({"client_id": client} if client else {})))


_WAYS: dict[str, Callable[[SignIn], Any]] = {
    "default": _default, "cli": _cli, "environment": _environment, "workload-identity": _workload_identity,
    "managed-identity": _managed_identity, "client-secret": _client_secret, "certificate": _certificate,
    "azure-pipelines": _azure_pipelines, "github-actions": _github_actions, "device-code": _device_code, "browser": _browser,
    "token": _given,
}  # fmt: skip


def _explained(error: Exception, auth: str, tenant: str | None, *, challenged: bool) -> str:
    """What went wrong, in a line, and what to do."""
    held = (
        name for name in os.environ if re.search("SECRET|TOKEN|PASSWORD", name) and not name.endswith(("_FILE", "_PATH", "_URL", "_URI"))
    )
    text = without(str(error), [os.environ[name] for name in held])
    codes = re.findall(r"AADSTS(\d{4,8})", text)
    advice = next((_ADVICE[code] for code in codes if code in _ADVICE), "")
    if not advice and "CERTIFICATE_VERIFY_FAILED" in text:
        advice = "if the network inspects TLS, set its CA certificate with --ca-bundle FILE"
    if not advice and re.search(r"Failed to establish|Name or service not known|getaddrinfo|Max retries|Connection refused", text):
        advice = "there is no network, or a proxy is needed: set HTTPS_PROXY"
    if not advice and "authority configuration" in text:
        advice = "no such tenant there: check --tenant and --cloud"
    if not advice and challenged:
        advice = "the tenant's policy wants a new sign-in: `az logout`, then `az login` again"
    if not advice and "CLI not found" in text and auth == "cli":
        return f"cannot sign in: the Azure CLI (az) is not installed or not in PATH: install it, then run `az login{_for(tenant)}`"
    advice = advice or _HOW.get(auth, "").replace("{tenant}", _for(tenant))
    code = f" (AADSTS{codes[0]})" if codes else ""
    first = text.strip().splitlines()[0] if text.strip() else type(error).__name__
    if auth == "default" and not codes and (tried := re.findall(r"^\s*(\w+)Credential: ", text, re.MULTILINE)):
        first = f"none of azure-identity's ways works here ({', '.join(dict.fromkeys(tried))})"
    if advice and (codes or "no such tenant" in advice):
        return f"cannot sign in{code}: {advice}"
    return f"cannot sign in{code}: {redacted(first).rstrip('.')}" + (f"; {advice}" if advice else "")


def _for(tenant: str | None) -> str:
    return f" --tenant {tenant}" if tenant and is_pasted(tenant) else ""


def quiet() -> None:
    """azure-identity and msal say what they try, in many lines; our one line says enough."""
    import logging

    for name in ("azure", "msal", "httpx", "kiota_http", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
