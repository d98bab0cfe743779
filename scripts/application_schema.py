"""Makes `auditor/schemas/objects.json`, the JSON Schemas of the objects that regaudit reads.

From the excerpt of Microsoft Graph's metadata in `data/`.
"""

import json
from typing import Any

import vendored

from auditor.entra.collections import (
    ADMIN_CONSENT,
    APP_MANAGEMENT,
    APPLICATIONS,
    ASSIGNMENTS,
    AUTHORIZATION,
    FEDERATED,
    GRANTS,
    SERVICE_PRINCIPALS,
    SIGN_INS,
    STORE_SETTINGS,
    TEAMS_APP_SETTINGS,
)  # fmt: skip
from auditor.entra.policy_shapes import DURATION

# Those that the excerpt describes; of the others see BY_HAND.
OBJECTS = {
    of.kind: of.graph_type
    for of in (APPLICATIONS, SERVICE_PRINCIPALS, GRANTS, ASSIGNMENTS, FEDERATED, APP_MANAGEMENT)
}  # fmt: skip
PRIMITIVES: dict[str, dict[str, Any]] = {
    "Edm.String": {"type": "string"}, "Edm.Guid": {"type": "string"}, "Edm.Boolean": {"type": "boolean"},
    "Edm.Int32": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}, "Edm.Int64": {"type": "integer"},
    "Edm.DateTimeOffset": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"},
    "Edm.Duration": {"type": "string", "pattern": DURATION},
    "Edm.Binary": {"type": "string"}, "Edm.Stream": {}, "Edm.Double": {"type": "number"},
}  # fmt: skip
# Beta, or returned where the metadata of v1.0 does not say so.
EXTRA: dict[str, dict[str, Any]] = {
    APPLICATIONS.kind: {
        "authenticationBehaviors": {
            "type": ["object", "null"],
            "properties": {
                name: {"type": ["boolean", "null"]}
                for name in ("removeUnverifiedEmailClaim", "requireClientServicePrincipal", "blockAzureADGraphAccess")
            },
        },
        "@odata.type": {"type": ["string", "null"]},
        "signInAudienceRestrictions": {
            "type": ["object", "null"],
            "properties": {
                "@odata.type": {"type": ["string", "null"]},
                "allowedTenantIds": {"type": ["array", "null"], "items": {"type": "string"}},
            },
        },
        "onPremisesPublishing": {
            "type": ["object", "null"],
            "properties": {
                **{name: {"type": ["string", "null"]} for name in ("externalAuthenticationType", "externalUrl")},
                **{
                    f"is{name}Enabled": {"type": ["boolean", "null"]}
                    for name in ("BackendCertificateValidation", "HttpOnlyCookie", "PersistentCookie", "SecureCookie")
                },
            },
        },
        "sponsors": {"type": "array", "items": {"type": "object"}},
        "owners": {"type": "array", "items": {"type": "object"}},
        "federatedIdentityCredentials": {"type": "array", "items": {"$ref": "#/$defs/federatedIdentityCredential"}},
    },
    "appRole": {"description": {"type": ["string", "null"]}},  # the excerpt has no property of this name in any type
    SERVICE_PRINCIPALS.kind: {
        "createdDateTime": {"$ref": "#/$defs/date"},
        "owners": {"type": "array", "items": {"type": "object"}},
        # Of an agent identity.
        "@odata.type": {"type": ["string", "null"]},
        "agentIdentityBlueprintId": {"type": ["string", "null"]},
        "sponsors": {"type": "array", "items": {"type": "object"}},
    },
    FEDERATED.kind: {
        "claimsMatchingExpression": {"type": ["object", "null"], "properties": {"value": {"type": ["string", "null"]}}},
    },
}  # fmt: skip

_TEXT: dict[str, Any] = {"type": ["string", "null"]}
_SWITCH, _TEXTS = {"type": ["boolean", "null"]}, {"type": ["array", "null"], "items": {"type": "string"}}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": ["object", "null"], "properties": dict(sorted(properties.items()))}


_SIGN_IN = _object(
    **{
        name: {"$ref": "#/$defs/date"}
        for name in ("lastSignInDateTime", "lastNonInteractiveSignInDateTime", "lastSuccessfulSignInDateTime")
    }
)
# Not in the excerpt: from Microsoft Graph's documentation.
BY_HAND: dict[str, dict[str, Any]] = {
    AUTHORIZATION.kind: _object(
        allowUserConsentForRiskyApps=_SWITCH, blockMsolPowerShell=_SWITCH,
        permissionGrantPolicyIdsAssignedToDefaultUserRole=_TEXTS,  # beta
        defaultUserRolePermissions=_object(
            allowedToCreateApps=_SWITCH, allowedToCreateSecurityGroups=_SWITCH, allowedToCreateTenants=_SWITCH,
            allowedToReadBitlockerKeysForOwnedDevice=_SWITCH, allowedToReadOtherUsers=_SWITCH, permissionGrantPoliciesAssigned=_TEXTS,
        ),
    ),
    ADMIN_CONSENT.kind: _object(
        isEnabled=_SWITCH, notifyReviewers=_SWITCH, remindersEnabled=_SWITCH, requestDurationInDays={"type": ["integer", "null"]},
        reviewers={"type": ["array", "null"], "items": _object(query=_TEXT, queryType=_TEXT) | {"type": "object"}},
        version={"type": ["integer", "null"]},
    ),
    TEAMS_APP_SETTINGS.kind: _object(
        id=_TEXT, allowUserRequestsForAppAccess=_SWITCH, isChatResourceSpecificConsentEnabled=_SWITCH,
    ),
    STORE_SETTINGS.kind: _object(isAppAndServicesTrialEnabled=_SWITCH, isOfficeStoreEnabled=_SWITCH),
    SIGN_INS.kind: _object(
        id={"type": ["string", "null"]}, appId={"type": ["string", "null"]}, lastSignInActivity=_SIGN_IN,
        delegatedClientSignInActivity=_SIGN_IN, delegatedResourceSignInActivity=_SIGN_IN,
        applicationAuthenticationClientSignInActivity=_SIGN_IN, applicationAuthenticationResourceSignInActivity=_SIGN_IN,
    ),
}  # fmt: skip


def files() -> dict[str, str]:
    types = vendored.load("graph_types.json")["types"]
    defs: dict[str, Any] = {name: {**shape, "type": "object"} for name, shape in BY_HAND.items()}
    defs["date"] = {"type": ["string", "null"], "pattern": PRIMITIVES["Edm.DateTimeOffset"]["pattern"]}

    def schema_of(kind: str, nullable: bool) -> dict[str, Any]:
        if kind.startswith("Collection("):
            # Microsoft Graph never sends a null list; other exports do, and it means an empty one.
            return {"type": ["array", "null"], "items": schema_of(kind[len("Collection(") : -1], False)}
        if kind in PRIMITIVES:
            found = dict(PRIMITIVES[kind])
            if nullable and "type" in found:
                found["type"] = [found["type"], "null"]
            return found
        name = kind.removeprefix("graph.")
        full = "microsoft.graph." + name
        if full not in types or types[full]["kind"] == "EnumType":
            return {} if full not in types else {"type": ["string", "null"] if nullable else "string"}
        define(name, name)
        return {"$ref": f"#/$defs/{name}"} if nullable else {"type": "object", "$ref": f"#/$defs/{name}"}

    def define(name: str, graph: str) -> None:
        if name in defs:
            return
        defs[name] = {}
        properties: dict[str, Any] = {}
        full: str | None = "microsoft.graph." + graph
        while full:
            entry = types[full]
            properties |= {key: schema_of(p["type"], p.get("nullable", True)) for key, p in entry["properties"].items()}
            full = entry["base"].replace("graph.", "microsoft.graph.") if entry.get("base") else None
        properties.pop("logo", None)
        # Nothing is required: what is absent is unknown. An id is never null, but a hand-written manifest may say so.
        properties |= EXTRA.get(name, {})
        defs[name] = {"type": "object" if name in OBJECTS else ["object", "null"], "properties": dict(sorted(properties.items()))}

    for name, graph in OBJECTS.items():
        define(name, graph)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://regaudit.dev/schemas/objects.json",
        "title": "Objects of Microsoft Entra ID that regaudit reads",
        "description": "From Microsoft Graph v1.0 metadata (microsoftgraph/msgraph-metadata, MIT), by scripts/generate.py.",
        "$ref": "#/$defs/application",
        "$defs": dict(sorted(defs.items())),
    }
    return {"auditor/schemas/objects.json": json.dumps(schema, indent=1) + "\n"}
