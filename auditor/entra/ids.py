"""Ids: what they look like, and those that Microsoft has given."""

from __future__ import annotations

import re

GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
is_guid = re.compile(GUID).fullmatch  # of a text in lower case

# Applications of Microsoft's own.
MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
AZURE_AD_GRAPH = "00000002-0000-0000-c000-000000000000"
API_CONNECTIONS = "fe053c5f-3692-4f14-aef2-ee34fc081cae"  # Azure API Connections, which signs in on behalf of users
# Tenants of Microsoft's own.
MICROSOFT_TENANTS = frozenset({
    "f8cdef31-a31e-4b4a-93e4-5f571e91255a",  # Microsoft services
    "72f988bf-86f1-41af-91ab-2d7cd011db47",  # Microsoft
    "33e01921-4d64-4f8c-a055-5bdaffd5e33d",  # Microsoft's own engineering tenant
    "cdc5aeea-15c5-4db6-b079-fcadd2505dc2",  # Microsoft
})  # fmt: skip
NIL = "00000000-0000-0000-0000-000000000000"  # no ID: what stands where one is to be filled in
DEFAULT_ACCESS = NIL  # the role of an assignment to an application without roles
CONSENT_SETTINGS = "dffd5d46-495d-40a9-8e21-954ff55e198a"  # template of the group settings on consent
