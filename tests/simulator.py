"""What azure-cli and Microsoft Graph do with the commands of fixes, over a tenant that is a dict of collections."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from auditor.entra.catalog import Catalog

CATALOG = Catalog()
NEW_ID = "99999999-0000-4000-8000-{:012d}"
NEW_THUMBPRINT = "9" * 40
KEEP = re.compile(r"ALL-[A-Z-]+-TO-KEEP")
KINDS = ("passwordCredentials", "keyCredentials")
BETA = "permissionGrantPolicyIdsAssignedToDefaultUserRole"  # where beta has permissionGrantPoliciesAssigned
EACH = "EACH"  # in place of a key ID: the reader repeats the command for each credential of the kind
SWITCHES = {"--append", "--all", "--cert"}
# Options of `az ad app update` and `az ad sp update`: where the value goes, and whether it is a list.
UPDATES = {
    "--web-redirect-uris": ("web/redirectUris", True),
    "--public-client-redirect-uris": ("publicClient/redirectUris", True),
    "--identifier-uris": ("identifierUris", True),
    "--enable-access-token-issuance": ("web/implicitGrantSettings/enableAccessTokenIssuance", False),
    "--enable-id-token-issuance": ("web/implicitGrantSettings/enableIdTokenIssuance", False),
    "--is-fallback-public-client": ("isFallbackPublicClient", False),
    "--sign-in-audience": ("signInAudience", False),
    "--display-name": ("displayName", False),
    "--web-home-page-url": ("web/homePageUrl", False),
    "--requested-access-token-version": ("api/requestedAccessTokenVersion", False),
}


class NotSimulated(Exception):
    """A command that nobody has taught the simulator yet."""


class Tenant:
    def __init__(self, collections: dict[str, Any], today: str) -> None:
        self.collections, self.today = copy.deepcopy(collections), today
        self._made = 0

    def run(self, words: list[str]) -> None:
        """One command, as azure-cli gets it."""
        if words[:2] == ["az", "rest"]:
            options = _options(words[2:])
            body = options.get("--body", [""])[0]
            self._request(options["--method"][0], urlsplit(options["--url"][0]).path, json.loads(body.removeprefix("@")) if body else None)
            return
        verb = [word for word in words[1:5] if re.fullmatch(r"[a-z-]+", word) and not word.startswith("--")]
        verb = verb[: next((i for i, word in enumerate(words[1:]) if word.startswith("--")), len(verb))]
        method = getattr(self, "_" + "_".join(verb).replace("-", "_"), None)
        if method is None:
            raise NotSimulated(" ".join(verb))
        method(_options(words[1 + len(verb) :]))

    def enter(self, parameters: dict[str, str]) -> None:
        """What a maker enters on the Security tab of the connectors."""
        for connector in self.collections.get("connectors", []) if parameters else []:
            entered = {name: {"value": value} for name, value in parameters.items()}
            connector["oAuthSettings"].setdefault("customParameters", {}).update(entered)

    def shown(self, words: list[str]) -> Any:
        """What `az ad app show` prints, for a --query that takes members out of the application."""
        options = _options(words[words.index("show") + 1 :])
        return _taken(self._one("applications", options["--id"][0]), options["--query"][0])

    # -- objects

    def _all(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.collections.setdefault(name, [])
        return found

    def _one(self, name: str, id_: str) -> dict[str, Any]:
        """By object ID, application ID, or where it has neither, as a link, by what it is of."""
        for one in self._all(name):
            if id_ in (one.get("id"), one.get("appId"), one.get("name")):
                return one
        raise AssertionError(f"{name} has no {id_}")

    def _new_id(self) -> str:
        self._made += 1
        return NEW_ID.format(self._made)

    # -- Microsoft Graph

    def _request(self, method: str, path: str, body: Any) -> None:
        _, _version, *segments = path.split("/")
        if method == "GET":
            return
        name, *rest = segments
        if name == "policies":
            policy = self.collections.setdefault(rest[0], {})
            policy = policy[0] if isinstance(policy, list) else policy
            _merge(policy, body)
            if (assigned := _get(body, "defaultUserRolePermissions/permissionGrantPoliciesAssigned")) and BETA in policy:
                policy[BETA] = assigned
            return
        if name in ("teamwork", "admin"):  # settings, of which a tenant has one object
            settings, body = (rest[0], body) if name == "teamwork" else ("appsAndServicesSettings", body["settings"])
            _merge(self.collections[settings], body)
            return
        if method == "POST" and (action := self._actions().get(segments[-1])):
            action(self._one(name, rest[0]), segments[-2], body)
            return
        if method == "POST":
            self._all(segments[-1]).append({"id": self._new_id(), **({"of": rest[0]} if rest else {}), **body})
            return
        collection, id_ = (rest[1], rest[2]) if len(rest) > 2 else (name, rest[0])
        if len(rest) == 2:  # a single object below another
            one = self._one(name, rest[0])
            one[rest[1]] = one.get(rest[1]) or {}
            _merge(one[rest[1]], body)
        elif collection == "owners":
            owners = self._one(name, rest[0]).setdefault("owners", [])
            owners[:] = [owner for owner in owners if owner.get("id") != id_]
        elif method == "DELETE":
            self._all(collection).remove(self._one(collection, id_))
        else:
            _merge(one := self._one(collection, id_), body)
            if "identifierUris" in body:
                self._copy_names(one)

    def _copy_names(self, app: dict[str, Any]) -> None:
        """To the service principal, as Microsoft Entra ID does."""
        for principal in self._all("servicePrincipals") if "servicePrincipals" in self.collections else []:
            if principal.get("appId") == app.get("appId"):
                principal["servicePrincipalNames"] = [app["appId"], *app["identifierUris"]]

    def _actions(self) -> dict[str, Callable[[dict[str, Any], str, Any], None]]:
        """What a POST may end in that adds no object to a collection."""
        return {"removePassword": self._remove_password, "addTokenSigningCertificate": self._add_signing, "$ref": self._link}

    def _remove_password(self, one: dict[str, Any], _: str, body: Any) -> None:
        one["passwordCredentials"] = [secret for secret in one["passwordCredentials"] if secret["keyId"] != body["keyId"]]

    def _add_signing(self, one: dict[str, Any], _: str, body: Any) -> None:
        """A pair that is valid for three years, and not active yet."""
        end = f"{date.fromisoformat(self.today) + timedelta(days=1095)}T00:00:00Z"
        for kind, usage in (("X509CertAndPassword", "Sign"), ("AsymmetricX509Cert", "Verify")):
            key = {"keyId": self._new_id(), "customKeyIdentifier": NEW_THUMBPRINT, "type": kind, "usage": usage, "endDateTime": end}
            one.setdefault("keyCredentials", []).append({**key, "displayName": body["displayName"]})

    def _link(self, one: dict[str, Any], to: str, body: Any) -> None:
        one.setdefault(to, []).append({"id": body["@odata.id"].rpartition("/")[2]})

    # -- az ad

    def _read(self, options: dict[str, list[str]]) -> None:
        """Reading changes nothing."""

    _ad_app_show = _ad_app_list = _ad_app_credential_list = _ad_app_owner_list = _ad_app_permission_list = _read
    _ad_sp_show = _ad_sp_credential_list = _ad_app_federated_credential_list = _account_show = _read

    def _update(self, name: str, options: dict[str, list[str]]) -> None:
        one = self._one(name, options.pop("--id")[0])
        for option, values in options.items():
            if option == "--set":
                for text in values:
                    path, _, value = text.partition("=")
                    _put(one, path.replace(".", "/"), _value(value))
            elif option in UPDATES:
                path, many = UPDATES[option]
                _put(one, path, _kept(values, _get(one, path)) if many else _value(values[0]))
            else:
                raise NotSimulated(f"update {option}")

    def _ad_app_update(self, options: dict[str, list[str]]) -> None:
        self._update("applications", options)

    def _ad_sp_update(self, options: dict[str, list[str]]) -> None:
        self._update("servicePrincipals", options)

    def _ad_app_delete(self, options: dict[str, list[str]]) -> None:
        """Its service principal is deleted with it."""
        app = self._one("applications", options["--id"][0])
        self._all("applications").remove(app)
        if "servicePrincipals" in self.collections:
            principals = self._all("servicePrincipals")
            principals[:] = [one for one in principals if one.get("appId") != app.get("appId")]

    def _ad_sp_delete(self, options: dict[str, list[str]]) -> None:
        self._all("servicePrincipals").remove(self._one("servicePrincipals", options["--id"][0]))

    def _ad_sp_create(self, options: dict[str, list[str]]) -> None:
        app_id = options["--id"][0]
        new: dict[str, Any] = {"id": self._new_id(), "appId": app_id, "accountEnabled": True}
        for app in self._all("applications"):
            if app.get("appId") == app_id:  # what it has of its registration
                new |= {name: app[name] for name in ("displayName", "appRoles") if name in app}
                new["oauth2PermissionScopes"] = _get(app, "api/oauth2PermissionScopes") or []
                new["servicePrincipalNames"] = [app_id, *(app.get("identifierUris") or [])]
        self._all("servicePrincipals").append(new)

    def _ad_app_credential_reset(self, options: dict[str, list[str]]) -> None:
        app = self._one("applications", options["--id"][0])
        if "--append" not in options:
            app["passwordCredentials"] = []
        new: dict[str, Any] = {"keyId": self._new_id(), "startDateTime": f"{self.today}T00:00:00Z"}
        if "--cert" in options:  # of the file that the reader has made
            new |= {"type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "CN=new"}
            end = str(date.fromisoformat(self.today) + timedelta(days=180))
        else:
            new["displayName"] = options.get("--display-name", [None])[0]
            end = options["--end-date"][0]
        kind = KINDS["--cert" in options]
        app[kind] = [*(app.get(kind) or []), {**new, "endDateTime": f"{end}T00:00:00Z"}]

    def _delete_credential(self, name: str, options: dict[str, list[str]]) -> None:
        one, key = self._one(name, options["--id"][0]), options["--key-id"][0]
        if key == EACH:
            one[KINDS["--cert" in options]] = []
            return
        assert any(key == credential.get("keyId") for kind in KINDS for credential in one.get(kind) or []), f"no credential {key}"
        kind = KINDS["--cert" in options]
        there = one.get(kind) or []
        gone = [credential for credential in there if credential.get("keyId") == key]
        # As pages say, the reader repeats it for the other key IDs: of the entries that a certificate has for its other uses.
        pair = {credential.get("customKeyIdentifier") for credential in gone} - {None}
        uses = {credential.get("usage") for credential in gone}
        one[kind] = [
            credential
            for credential in there
            if credential not in gone and not (credential.get("customKeyIdentifier") in pair and credential.get("usage") not in uses)
        ]

    def _ad_app_credential_delete(self, options: dict[str, list[str]]) -> None:
        self._delete_credential("applications", options)

    def _ad_sp_credential_delete(self, options: dict[str, list[str]]) -> None:
        self._delete_credential("servicePrincipals", options)

    def _ad_app_federated_credential_delete(self, options: dict[str, list[str]]) -> None:
        self._all("federatedIdentityCredentials").remove(self._one("federatedIdentityCredentials", options["--federated-credential-id"][0]))

    def _ad_app_permission_add(self, options: dict[str, list[str]]) -> None:
        app, api = self._one("applications", options["--id"][0]), options["--api"][0]
        access: list[dict[str, Any]] = app.setdefault("requiredResourceAccess", [])
        entry = next((one for one in access if one["resourceAppId"] == api), None)
        if entry is None:
            access.append(entry := {"resourceAppId": api, "resourceAccess": []})
        for text in options["--api-permissions"]:
            id_, _, kind = text.partition("=")
            entry["resourceAccess"].append({"id": id_, "type": kind})

    def _ad_app_permission_delete(self, options: dict[str, list[str]]) -> None:
        app, api = self._one("applications", options["--id"][0]), options["--api"][0]
        gone = options.get("--api-permissions")
        left = []
        for entry in app.get("requiredResourceAccess") or []:
            access = [one for one in entry.get("resourceAccess") or [] if gone is not None and one.get("id", "").lower() not in gone]
            if entry.get("resourceAppId") != api:
                left.append(entry)
            elif access:
                left.append({**entry, "resourceAccess": access})
        app["requiredResourceAccess"] = left

    def _owners(self, id_: str) -> list[dict[str, Any]]:
        """Where the owners of an application are: in it, or beside it."""
        app = self._one("applications", id_)
        return app["owners"] if "owners" in app else self._all("owners")

    def _ad_app_owner_add(self, options: dict[str, list[str]]) -> None:
        app, new = (
            self._one("applications", options["--id"][0]),
            {"@odata.type": "#microsoft.graph.user", "id": options["--owner-object-id"][0]},
        )
        self._owners(app["id"]).append(new if "owners" in app else {**new, "of": app["id"]})

    def _ad_app_owner_remove(self, options: dict[str, list[str]]) -> None:
        owners, gone = self._owners(options["--id"][0]), options["--owner-object-id"][0]
        owners[:] = [owner for owner in owners if owner.get("id") != gone]

    def _ad_app_permission_admin_consent(self, options: dict[str, list[str]]) -> None:
        """For everything that is requested; what was granted before stays."""
        app = self._one("applications", options["--id"][0])
        if "servicePrincipals" not in self.collections:
            return  # grants are in the part of the tenant that the example does not have
        client = next(one for one in self._all("servicePrincipals") if one.get("appId") == app["appId"])
        for entry in app.get("requiredResourceAccess") or []:
            if all(one.get("appId") != entry["resourceAppId"] for one in self._all("servicePrincipals")):
                self._ad_sp_create({"--id": [entry["resourceAppId"]]})
            api = self._one("servicePrincipals", entry["resourceAppId"])
            values = {one["id"]: one.get("value") for one in api.get("oauth2PermissionScopes") or []}
            for own in self._all("applications"):
                if own.get("appId") == entry["resourceAppId"]:
                    values |= {one["id"]: one.get("value") for one in _get(own, "api/oauth2PermissionScopes") or []}
            values |= {id_: known.value for (of, id_, _), known in CATALOG.permissions.items() if of == entry["resourceAppId"]}
            scopes = [values.get(one["id"]) or one["id"] for one in entry["resourceAccess"] if one["type"] == "Scope"]
            link = {"id": self._new_id(), "resourceId": api["id"]}
            if scopes:
                self._all("oauth2PermissionGrants").append(
                    {**link, "clientId": client["id"], "consentType": "AllPrincipals", "principalId": None, "scope": " ".join(scopes)}
                )
            self._all("appRoleAssignments").extend(
                {**link, "id": self._new_id(), "principalId": client["id"], "principalType": "ServicePrincipal", "appRoleId": one["id"]}
                for one in entry["resourceAccess"] if one["type"] == "Role"
            )  # fmt: skip


def _options(words: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    values: list[str] = []
    for word in words:
        if word.startswith("--"):
            values = found.setdefault(word, [])
        else:
            values.append(word)
    assert all(values or option in SWITCHES for option, values in found.items()), words
    return found


def _taken(one: dict[str, Any], query: str) -> Any:
    """JMESPath, of which fixes have `{api: {scopes: api.scopes}}`."""
    if not query.startswith("{"):
        if not re.fullmatch(r"[A-Za-z0-9.]+", query):
            raise NotSimulated(query)
        return copy.deepcopy(_get(one, query.replace(".", "/")))
    name, _, value = query[1:-1].partition(": ")
    if "," in query or not query.endswith("}"):
        raise NotSimulated(query)
    return {name: _taken(one, value)}


def edited(file: Any, edits: list[dict[str, Any]]) -> Any:
    """A file in which a reader has changed the one list that it holds: `{at = "0/value", to = …}`, `{drop = 1}`, `{keep = 30}`."""
    changed: Any = copy.deepcopy(file)
    values = changed
    while isinstance(values, dict):
        (values,) = values.values()
    for edit in edits:
        *above, last = [int(name) if name.isdigit() else name for name in edit.get("at", "").split("/")]
        inner = values
        for name in above:
            inner = inner[name]
        if "to" in edit:
            inner[last] = edit["to"]
        elif "drop" in edit:
            del values[edit["drop"]]
        else:
            del (inner[last] if last else values)[edit["keep"] :]
    return changed


def _merge(one: dict[str, Any], body: dict[str, Any]) -> None:
    """As PATCH does it: objects are merged, lists and all else replaced."""
    for key, value in body.items():
        if isinstance(value, dict) and isinstance(one.get(key), dict):
            _merge(one[key], value)
        else:
            one[key] = _kept(value, one.get(key)) if isinstance(value, list) else copy.deepcopy(value)


def _kept(values: list[Any], there: Any) -> list[Any]:
    """A list that is written as a whole: what it is to keep stands for what is in it."""
    return list(_spread(values, there or []))


def _spread(values: list[Any], there: list[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, str) and KEEP.fullmatch(value):
            yield from (one for one in there if one not in values)
        else:
            yield copy.deepcopy(value)


def _get(one: dict[str, Any], path: str) -> Any:
    value: Any = one
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _put(one: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split("/")
    for name in above:
        if one.get(name) is None:
            one[name] = {}
        one = one[name]
    one[last] = value


def _value(text: str) -> Any:
    return {"true": True, "false": False, "null": None}.get(text, int(text) if text.isdigit() else text)
