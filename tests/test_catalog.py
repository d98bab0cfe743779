"""Data with its provenance: permissions, privilege, Microsoft's applications, names and hosts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.entra import catalog, hosts
from auditor.entra.catalog import CATALOG, DATE, Catalog
from auditor.entra.ids import AZURE_AD_GRAPH, MICROSOFT_GRAPH
from auditor.facts.names import fold, imitated

EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


# -- permissions


@pytest.mark.parametrize(
    ("resource", "value", "kind", "privilege"),
    [
        # What we judged ourselves comes first: test_tiers.py …
        (MICROSOFT_GRAPH, "AppRoleAssignment.ReadWrite.All", "application", "tier 0"),
        (MICROSOFT_GRAPH, "Directory.AccessAsUser.All", "delegated", "tier 0"),
        (EXCHANGE, "full_access_as_app", "application", "tier 0"),
        # … then ScubaGear's risk …
        (MICROSOFT_GRAPH, "AppRoleAssignment.ReadWrite.All", "delegated", "high"),
        (MICROSOFT_GRAPH, "User.Read.All", "delegated", "medium"),
        (MICROSOFT_GRAPH, "Mail.ReadBasic", "delegated", "low"),
        # … then the level of Microsoft's devx content.
        (MICROSOFT_GRAPH, "Sites.FullControl.All", "delegated", "medium"),
        (MICROSOFT_GRAPH, "AccessReview.Read.All", "application", "medium"),
        (MICROSOFT_GRAPH, "User.Read", "delegated", "low"),
    ],
)  # fmt: skip
def test_how_far_a_permission_reaches(resource: str, value: str, kind: str, privilege: str) -> None:
    assert CATALOG.privileges[resource, value, kind] == privilege


def test_a_permission_that_nobody_rated_is_unrated() -> None:
    assert CATALOG.privileges[MICROSOFT_GRAPH, "APIConnectors.Read.All", "application"] == "unrated"
    assert (MICROSOFT_GRAPH, "Nobody.Made.This", "application") not in CATALOG.privileges


def test_a_permission_as_microsoft_defines_it() -> None:
    permission = CATALOG.permissions[MICROSOFT_GRAPH, "024d486e-b451-40bb-833d-3e66d98c5c73", "delegated"]
    assert (permission.value, permission.kind, permission.enabled, permission.admin_consent) == ("Mail.ReadWrite", "delegated", True, False)
    retired = CATALOG.permissions[MICROSOFT_GRAPH, "aec9e0a0-6f46-4150-a9f7-05e9e3e87399", "application"]
    assert (retired.enabled, retired.admin_consent) == (False, True)


def test_every_entry_is_one_that_a_rule_can_look_up() -> None:
    for (resource, id_, kind), permission in CATALOG.permissions.items():
        assert GUID.fullmatch(resource)
        assert GUID.fullmatch(id_)
        assert (id_, kind) == (permission.id, permission.kind)
        assert permission.value
        assert permission.privilege in ("tier 0", "high", "medium", "low", "unrated")
    assert all(GUID.fullmatch(app_id) and name for app_id, name in CATALOG.first_party.items())
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", DATE)


def test_names_stand_for_ids_as_toolkits_write_them() -> None:
    assert CATALOG.app_id("microsoft graph") == MICROSOFT_GRAPH
    assert CATALOG.app_id("no such api") == "no such api"
    assert CATALOG.permission_id(MICROSOFT_GRAPH, "user.read", "delegated") == "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
    assert CATALOG.permission_id(MICROSOFT_GRAPH, "user.read", "application") == "user.read"
    assert CATALOG.permission_id(None, "user.read", "delegated") == "user.read"


# -- Microsoft's applications


@pytest.mark.parametrize(
    ("app_id", "name"),
    [
        (MICROSOFT_GRAPH, "Microsoft Graph"),
        (AZURE_AD_GRAPH, "Windows Azure Active Directory"),
        ("04b07795-8ddb-461a-bbee-02f9e1bf7b46", "Microsoft Azure CLI"),
        ("1950a258-227b-4e31-a9cf-717495945fc2", "Microsoft Azure PowerShell"),
        ("fe053c5f-3692-4f14-aef2-ee34fc081cae", "Azure API Connections"),
    ],
)
def test_microsofts_own_are_known(app_id: str, name: str) -> None:
    assert CATALOG.first_party[app_id] == name


@pytest.mark.parametrize(
    "name",
    [
        "Graph Explorer",
        "GRAPH explorer",
        "Graph\u200b Expl\u200dorer\ufeff",  # zero width
        "Gr\u0430ph \u0415xpl\u043erer",  # Cyrillic а, Е, о
        "Gr\u03b1ph Expl\u03bfrer",  # Greek α, ο
        "Ｇｒａｐｈ Ｅｘｐｌｏｒｅｒ",  # full width
        "Graph-Explorer",
        "Graph_Expl0rer.",
    ],
)
def test_a_name_that_looks_like_microsofts(name: str) -> None:
    assert imitated(name) == "Graph Explorer"


@pytest.mark.parametrize("name", ["", "Payroll", "Graph Explorer for Contoso", "My Graph Explorer", "\u200b", "---"])
def test_a_name_that_does_not(name: str) -> None:
    assert imitated(name) is None


def test_digits_stand_in_for_letters_but_other_letters_do_not() -> None:
    assert fold("M1cr0s0ft") == fold("Mlcrosoft")
    assert fold("Payroll") != fold("Payrolls")
    assert fold("字") != fold("子")


@pytest.mark.no_cover
@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_name_can_be_compared(name: str) -> None:
    # Case folding after NFKC can leave a letter that NFKC changes again, so folding twice is not the same as once.
    assert fold(name) == fold(name + "\u200b")
    assert not set(fold(name)) & set("\u200b\u200c\u200d\u2060\ufeff .-_")


# -- hosts


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("payroll.azurewebsites.net", "Azure App Service"),
        ("payroll.scm.azurewebsites.net", "Azure App Service"),
        ("*.azurewebsites.net", "Azure App Service"),
        ("payroll-a1b2c3d4e5f6a7b8.westeurope-01.azurewebsites.net", None),  # nobody else can register that name
        ("payroll-a1b2c3d4e5f6a7b8.scm.westeurope-01.azurewebsites.net", None),
        ("azurewebsites.net", None),
        ("payroll.azurewebsites.net.contoso.com", None),
        ("fakeazurewebsites.net", None),
        ("payroll.westeurope.cloudapp.azure.com", "Azure virtual machines"),
        ("payroll.cloudapp.net", "Azure Cloud Services"),
        ("payroll.azure-api.net", "Azure API Management"),
        ("payroll.westeurope.azurecontainer.io", "Azure Container Instances"),
        ("payroll.azureedge.net", "Azure CDN"),
        ("payroll.azurehdinsight.net", "Azure HDInsight"),
        ("nice-sea-0123.azurestaticapps.net", None),
        ("nice-sea-0123.2.azurestaticapps.net", None),
        ("payroll.fjdng2acavhkevd8.westeurope.cloudapp.azure.com", None),
        ("payroll.fjdng2acavhkevd8.westeurope.azurecontainer.io", None),
        ("payroll-0123456789ab.herokuapp.com", None),
        ("payroll-0123456789ag.herokuapp.com", "Heroku"),
        ("payroll.blob.core.windows.net", "Azure Storage"),
        ("payroll.z6.web.core.windows.net", "Azure Storage"),
        ("payroll.trafficmanager.net", "Azure Traffic Manager"),
        ("contoso.github.io", "GitHub Pages"),
        ("payroll.herokuapp.com", "Heroku"),
        ("payroll.netlify.app", "Netlify"),
        ("payroll.vercel.app", "Vercel"),
        ("github.io", None),
        ("notgithub.io", None),
        ("payroll.contoso.com", None),
        ("", None),
    ],
)
def test_hosts_that_somebody_else_can_take_over(host: str, service: str | None) -> None:
    assert hosts.takeover_prone(host) == service


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("bit.ly", "shortener"),
        ("tinyurl.com", "shortener"),
        ("aka.ms", "shortener"),
        ("a1b2.ngrok.io", "tunnel"),
        ("a1b2.eu.ngrok.io", "tunnel"),
        ("a1b2.ngrok-free.app", "tunnel"),
        ("a1b2-8080.euw.devtunnels.ms", "tunnel"),
        ("x.trycloudflare.com", "tunnel"),
        ("jwt.ms", "test tool"),
        ("oauth.pstmn.io", "test tool"),
        ("webhook.site", "test tool"),
        ("pstmn.io", None),
        ("notjwt.ms", None),
        ("jwt.ms.contoso.com", None),
        ("contoso.com", None),
        ("", None),
    ],
)
def test_public_services_that_anybody_uses(host: str, kind: str | None) -> None:
    assert hosts.third_party(host) == kind


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("a.b.contoso.com", "contoso.com"),
        ("contoso.com", "contoso.com"),
        ("*.contoso.com", "contoso.com"),
        ("b.example.co.uk", "example.co.uk"),
        ("co.uk", ""),
        ("payroll.azurewebsites.net", "payroll.azurewebsites.net"),  # a suffix under which customers register
        ("intranet", ""),
        ("", ""),
    ],
)
def test_the_domain_that_somebody_registered(host: str, domain: str) -> None:
    assert hosts.registrable_domain(host) == domain


def test_a_permission_is_found_in_the_text_as_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Catalog().permissions
    monkeypatch.setattr(catalog, "_FEW", 2 * len(whole))
    one = Catalog()
    assert all(one.permission(*key) == permission for key, permission in whole.items())
    for key in (("", "", ""), (MICROSOFT_GRAPH, "", "delegated"), (MICROSOFT_GRAPH, "\n" + MICROSOFT_GRAPH, "application")):
        assert one.permission(*key) is None
    assert "permissions" not in vars(one)
