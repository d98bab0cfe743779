"""The blog's steps with one fault each, as a maker has them: two manifests of the portal, the connector's folder, the browser's message.

Of each fault: what `connect` says of the link, what `explain` says of the message, and both exit codes. What no download can show is open,
and the output says which page of the portal shows it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import ROOT, Ran, regaudit

SAMPLE = ROOT / "sample_downloads/expenses"
CLIENT, API = "59259fa1-c2e1-486d-a8e6-92209abf090c", "be70217c-6a30-4023-b667-d88bf222b94a"
TENANT, OTHER_TENANT = "0c7a9c5e-3f1b-4f0a-9a51-6f7f2d1c8e4b", "7c7a9c5e-3f1b-4f0a-9a51-6f7f2d1c8e4b"
SHARED = "https://global.consent.azure-apim.net/redirect"
GRAPH = "00000003-0000-0000-c000-000000000000"
TODAY = ("--as-of", "2026-11-24")
TAIL = (
    " Trace ID: 6f4f0f3c-0b0a-4c52-a7a6-5c2f3a1b2c00 Correlation ID: 0d8f2d6c-6f5b-4a8e-9d43-1d2c3b4a5f6e Timestamp: 2026-11-24 09:14:02Z"
)


class Setup:
    """What the blog makes: a client with a secret and the shared redirect URI, an API with a scope, a connector between them."""

    def __init__(self) -> None:
        self.client, self.api = (json.loads((SAMPLE / f"Expenses {name}.json").read_text("utf-8")) for name in ("connector", "API"))
        self.properties = json.loads((SAMPLE / "connector/apiProperties.json").read_text("utf-8"))
        self.oauth = self.properties["properties"]["connectionParameters"]["token"]["oAuthSettings"]
        self.custom = self.oauth["customParameters"]
        self.oauth |= {"redirectMode": "Global", "redirectUrl": SHARED}
        self.redirect("web", SHARED)

    def redirect(self, platform: str, *uris: str) -> None:
        for name in ("web", "spa", "publicClient"):
            self.client[name]["redirectUris"] = list(uris) if name == platform else []
        self.client["web"]["redirectUriSettings"] = []

    @property
    def scope(self) -> dict[str, Any]:
        one: dict[str, Any] = self.api["api"]["oauth2PermissionScopes"][0]
        return one

    def write(self, folder: Path) -> Path:
        (folder / "connector").mkdir(parents=True)
        shutil.copy(SAMPLE / "connector/apiDefinition.swagger.json", folder / "connector")
        for name, value in (("Expenses connector", self.client), ("Expenses API", self.api), ("connector/apiProperties", self.properties)):
            (folder / f"{name}.json").write_text(json.dumps(value, indent=2), "utf-8")
        return folder


def resource(setup: Setup, value: str) -> None:
    setup.custom["resourceUri"]["value"] = setup.oauth["properties"]["AzureActiveDirectoryResourceId"] = value


@dataclass
class Fault:
    plant: Callable[[Setup], object]
    link: str  # '' where no download shows it
    told: str  # by `connect`, of the link
    message: str  # of the browser
    cause: str  # what `explain` says of it
    likely: bool = False
    exits: tuple[int, int] = (1, 1)  # of `connect`, of `explain`
    also: list[str] = field(default_factory=list)


NOT_REGISTERED = (
    f"AADSTS50011: The redirect URI '{SHARED}' specified in the request does not match the redirect URIs configured for the application "
    f"'{CLIENT}'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal. Navigate to "
    "https://aka.ms/redirectUriMismatchError to learn more about how to troubleshoot this error."
)


def not_found(client: str, directory: str) -> str:
    return f"AADSTS700016: Application with identifier '{client}' was not found in the directory '{directory}'. This can happen if …"


def no_scope(scope: str, api: str = API) -> str:
    return f"AADSTS650053: The application 'Expenses connector' asked for scope '{scope}' that doesn't exist on the resource '{api}'."


OPEN = (0, 2)
FAULTS = {
    "redirect URI mistyped": Fault(
        lambda it: it.redirect("web", "https://global.consent.azure-apim.net/redirct"), "client",
        f"uses redirect URI {SHARED}, which is not registered", NOT_REGISTERED, "close to it is https://global.consent.azure-apim.net/redirct",
    ),
    "no redirect URI": Fault(
        lambda it: it.redirect("web"), "client", f"{SHARED}, which is not registered", NOT_REGISTERED, f"{SHARED} is not registered on",
    ),
    "redirect URI on the platform SPA": Fault(
        lambda it: it.redirect("spa", SHARED), "client", "which is registered on the single-page platform",
        "AADSTS9002327: Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.",
        "connector-redirect-on-spa",
    ),
    "redirect URI on the platform for mobile and desktop": Fault(
        lambda it: it.redirect("publicClient", SHARED), "client", "registered", "AADSTS700025: Client is public so neither "
        "'client_assertion' nor 'client_secret' should be presented.", "connector-redirect-on-public-client",
    ),
    "secret expired": Fault(
        lambda it: it.client["passwordCredentials"][0].update(startDateTime="2026-05-01T00:00:00Z", endDateTime="2026-10-31T00:00:00Z"),
        "client", 'client secret "connector" expired on 2026-10-31',
        f"AADSTS7000222: The provided client secret keys for app '{CLIENT}' are expired.", 'client secret "connector" expired on 2026-10-31',
    ),
    "no secret": Fault(
        lambda it: it.client.update(passwordCredentials=[]), "client", "has no credential to sign in with",
        "AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        "has no credential to sign in with", likely=True,
    ),
    "resource URL: last digit": Fault(
        lambda it: resource(it, API[:-1] + "b"), "resource", f'the input also has "Expenses API" ({API})',
        f"AADSTS500011: The resource principal named {API[:-1]}b was not found in the tenant named Expenses. This can happen if …",
        f"close to it is {API}, a name of", likely=True,
    ),
    "resource URL: address of the API": Fault(
        lambda it: resource(it, "https://expenses.azurewebsites.net"), "resource", 'the input also has "Expenses API"',
        "AADSTS500011: The resource principal named https://expenses.azurewebsites.net was not found in the tenant named Expenses.",
        "connector-resource-unknown", likely=True,
    ),
    "tenant of somebody else": Fault(
        lambda it: it.custom["tenantId"].update(value=OTHER_TENANT), "", "to check it: Microsoft Entra admin center > Overview: compare",
        not_found(CLIENT, "Contoso"), f'"Expenses" signs in at tenant {OTHER_TENANT}: compare it with the tenant ID of the client',
        exits=OPEN,
    ),
    "tenant common": Fault(
        lambda it: it.custom["tenantId"].update(value="common"), "client", "but its client \"Expenses connector\" is single-tenant",
        f"AADSTS50194: Application '{CLIENT}'(Expenses connector) is not configured as a multi-tenant application.",
        "connector-tenant-common",
    ),
    "no permission": Fault(
        lambda it: it.client.update(requiredResourceAccess=[]), "permission", "which is not among the API permissions of its client",
        f"AADSTS650057: Invalid resource. … Client app ID: {CLIENT}(Expenses connector). Resource value from request: {API}. Resource app "
        f"ID: {API}. List of valid resources from app registration: {GRAPH}.", f"does not list the API {API} among its API permissions",
    ),
    "scope disabled": Fault(
        lambda it: it.scope.update(isEnabled=False), "scope", "has disabled the delegated permission access_as_user",
        no_scope("access_as_user"), 'scope "access_as_user" of "Expenses API"',
    ),
    "scope mistyped": Fault(
        lambda it: it.oauth.update(scopes=[f"api://{API}/acess_as_user"]), "scope", "has no scope acess_as_user",
        no_scope("acess_as_user"), "which has access_as_user",
    ),
    "scope without its API": Fault(
        lambda it: it.oauth.update(scopes=["access_as_user"]), "", "", no_scope("access_as_user", GRAPH),
        f"request api://{API}/access_as_user", exits=(0, 1),
    ),
    "token version 1": Fault(
        lambda it: it.api["api"].update(requestedAccessTokenVersion=None), "resource", "receives v1.0 tokens, but v2.0 is expected",
        "", "",
    ),
    "client ID mistyped": Fault(
        lambda it: it.oauth.update(clientId=CLIENT[:-2] + "00"), "client", f'the input also has "Expenses connector" ({CLIENT})',
        not_found(CLIENT[:-2] + "00", "Expenses"), f"close to it is {CLIENT}, that of", likely=True,
    ),
    "client ID is an object ID": Fault(
        lambda it: it.oauth.update(clientId=it.client["id"]), "client", 'is an object ID of "Expenses connector"',
        not_found("5b0f2f0a-9f63-4a53-8a61-3d5c1f0f7a10", "Expenses"), f"its Application (client) ID is {CLIENT}",
    ),
    "client ID of the API": Fault(
        lambda it: it.oauth.update(clientId=API), "client", 'not registered on "Expenses API"',
        NOT_REGISTERED.replace(CLIENT, API), 'is not registered on "Expenses API"',
    ),
    "no service principal": Fault(
        lambda it: None, "", '"Managed application in local directory" names the service principal',
        f"AADSTS7000229: The client application {CLIENT} is missing service principal in the tenant {TENANT}.",
        '"Expenses connector" > Overview: "Managed application in local directory"', exits=OPEN,
    ),
    "nobody consented": Fault(
        lambda it: None, "", '"Status" says "Granted for" your organization',
        f"AADSTS65001: The user or administrator has not consented to use the application with ID '{CLIENT}' named 'Expenses connector'.",
        '"Expenses connector" > API permissions: "Status" says "Granted for"', exits=OPEN,
    ),
    "user is not assigned": Fault(
        lambda it: None, "", "Managed application", f"AADSTS50105: Your administrator has configured the application Expenses connector "
        f"('{CLIENT}') to block users unless they are specifically granted ('assigned') access to the application.",
        'Properties: "Assignment required?", and Users and groups', exits=OPEN,
    ),
    "implicit grant off": Fault(  # the blog ticks it; a connector does not need it
        lambda it: it.client["web"]["implicitGrantSettings"].update(enableAccessTokenIssuance=False), "", "",
        "AADSTS700051: response_type 'token' is not enabled for the application.", "a custom connector never does", exits=OPEN,
    ),
}  # fmt: skip


def said(ran: Ran) -> str:
    return " ".join((ran.out + ran.err).split())


@pytest.mark.parametrize("name", FAULTS)
def test_the_maker_is_told(name: str, tmp_path: Path) -> None:
    fault, setup = FAULTS[name], Setup()
    fault.plant(setup)
    folder = setup.write(tmp_path / "expenses")
    ran = regaudit("connect", folder, *TODAY)
    assert ran.code == fault.exits[0]
    assert fault.told in said(ran)
    (chain,) = regaudit("connect", folder, *TODAY, "--output-format", "json").json["connectors"]
    broken = {link["link"]: link["certainty"] for link in chain["links"] if link["status"] == "fail"}
    assert broken == ({fault.link: "likely" if fault.likely else "certain"} if fault.link else {})
    if fault.link:
        scan = regaudit("scan", folder, *TODAY, "--profile", "custom-connector", "--fail-on", "medium")
        assert scan.code == 1
        assert chain["links"][[one["link"] for one in chain["links"]].index(fault.link)]["findings"][0]["rule_id"] in scan.out
    if fault.message:
        explained = regaudit("explain", fault.message + TAIL, folder, *TODAY)
        assert explained.code == fault.exits[1]
        assert explained.out.startswith("cause found" if fault.exits[1] == 1 else "cannot tell")
        assert fault.cause in said(explained)


def test_the_right_one_has_no_broken_link(tmp_path: Path) -> None:
    ran = regaudit("connect", Setup().write(tmp_path / "expenses"), *TODAY)
    assert ran.code == 0
    assert "5 of 8 links fit, 3 are open" in ran.out


def test_an_error_without_a_code_is_told_where_to_go() -> None:
    ran = regaudit("explain", "401 Unauthorized: IDX10205: Issuer validation failed.")
    assert ran.code == 2
    assert "`regaudit connect PATH` checks the way to it" in ran.err
