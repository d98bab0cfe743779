"""ROADrecon's database, as `roadrecon gather` writes it: in Azure AD Graph's names, or (`--mgraph`) in Microsoft Graph's.

Somebody else made the file. It is opened read-only, only plain columns of plain tables are selected (a view could compute for ever, and so
could a generated column), and SQLite stops after so many steps. Objects have places, such as `/Applications/ID/replyUrls`, and no line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

from auditor.entra.collections import APPLICATIONS, ASSIGNMENTS, AUTHORIZATION, GRANTS, ORGANIZATION, OWNERS, SERVICE_PRINCIPALS
from auditor.errors import InputError
from auditor.facts import kinds
from auditor.pointer import join
from auditor.sources.document import Listing, Note
from auditor.sources.element import UNREADABLE, Element
from auditor.sources.formats import legacy
from auditor.sources.formats.base import Converted, FileFormat, Part, Piece, Whole

if TYPE_CHECKING:
    import sqlite3

_MAGIC = b"SQLite format 3\0"
_STEPS_AT_ONCE, _MOST_STEPS = 1_000_000, 200_000_000  # of SQLite's machine: a few seconds, and enough for a million rows
_LONGEST_VALUE = 64 << 20  # bytes
_MAIN = ("Applications", "ServicePrincipals")  # which say that a database is ROADrecon's
_JSON = frozenset({
    "addIns", "alternativeNames", "api", "appRoles", "authenticationBehaviors", "defaultUserRolePermissions", "identifierUris", "info",
    "informationalUrls", "keyCredentials", "knownClientApplications", "notificationEmailAddresses", "oauth2Permissions", "optionalClaims",
    "passwordCredentials", "permissionGrantPolicyIdsAssignedToDefaultUserRole", "preAuthorizedApplications", "publishedPermissionScopes",
    "oauth2PermissionScopes", "replyUrls", "requestSignatureVerification", "requiredResourceAccess", "servicePrincipalLockConfiguration",
    "servicePrincipalNames", "spa", "tags", "verifiedDomains", "verifiedPublisher", "web",
})  # fmt: skip
# Never null in the directory: a NULL says that the service did not return it. Of what is only returned when it is selected, neither.
_NEVER_NULL = frozenset({
    "accountEnabled", "alternativeNames", "api", "appRoleAssignmentRequired", "appRoles", "authenticationBehaviors",
    "availableToOtherTenants", "defaultUserRolePermissions", "identifierUris", "keyCredentials", "knownClientApplications",
    "notificationEmailAddresses", "oauth2AllowIdTokenImplicitFlow", "oauth2AllowImplicitFlow", "oauth2Permissions", "passwordCredentials",
    "publishedPermissionScopes", "oauth2PermissionScopes", "replyUrls", "requiredResourceAccess", "servicePrincipalNames",
    "servicePrincipalType", "signInAudience", "spa", "tags", "verifiedDomains", "web",
})  # fmt: skip
NOT_HELD = "NULL in the database, or no column of it"
CONVERGED = "supportsConvergence is set, and no column says which accounts it means"
Convert: TypeAlias = Callable[[dict[str, Any]], Converted]


class _Table(NamedTuple):
    name: str
    kind: str
    convert: Convert | None = None  # of Azure AD Graph's names
    renamed: Mapping[str, str] = {}  # of Azure AD Graph's columns


class _Links(NamedTuple):
    """Who owns what: the table, its columns for the owned and the owner, the owners' table and type."""

    name: str
    owned: str
    owner: str
    table: str
    type: str


_OF_OWNERS = ("displayName", "userPrincipalName", "accountEnabled", "userType", "servicePrincipalType")


class _Roadrecon(FileFormat):
    name = "ROADrecon database"
    about = "the SQLite database that ROADrecon gathered, of both schemas"
    holds = ("applications", "servicePrincipals", "owners", "oauth2PermissionGrants", "appRoleAssignments")
    told_by = "an SQLite database with the tables Applications and ServicePrincipals"
    on_disk = True
    cannot_carry = frozenset({"federatedIdentityCredentials", "isDisabled"})

    def recognises(self, file: Whole) -> bool:
        return file.head.startswith(_MAGIC)

    def pieces(self, file: Whole) -> Iterator[Part]:
        import sqlite3

        assert file.path is not None
        try:
            database = _Database(file)
            try:
                yield from database.parts()
            finally:
                database.close()
        except sqlite3.OperationalError as error:
            yield InputError(file.name, _TOO_LONG if "interrupted" in str(error) else f"the database cannot be read: {error}")
        except (sqlite3.Error, OverflowError) as error:
            yield InputError(file.name, f"the database cannot be read: {error}")


class _Database:
    """A database that is open for reading."""

    def __init__(self, file: Whole) -> None:
        import sqlite3

        assert file.path is not None
        self._file = file
        self._steps = 0
        self._open = sqlite3.connect(f"{file.path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        self._open.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        self._open.set_progress_handler(self._step, _STEPS_AT_ONCE)
        self._open.execute("PRAGMA trusted_schema=OFF")
        self._open.execute("PRAGMA cell_size_check=ON")
        self._open.text_factory = lambda raw: raw.decode("utf-8", "replace")

    def close(self) -> None:
        self._open.close()

    def _step(self) -> int:
        """Anything but 0 ends what SQLite is doing."""
        self._steps += _STEPS_AT_ONCE
        return int(self._steps > _MOST_STEPS)

    def parts(self) -> Iterator[Part]:
        names = {str(name).lower() for (name,) in self._open.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
        if not names.issuperset(name.lower() for name in _MAIN):
            yield Note("this is a SQLite database that is not ROADrecon's, which regaudit does not read", self._file.name)
            return
        assert self._file.path is not None
        log = self._file.path.with_name(self._file.path.name + "-wal")
        if log.exists() and log.stat().st_size:
            message = f"{log.name} has changes to this database that are not read"
            yield InputError(self._file.name, message, hint="close the program that writes it, or run `PRAGMA wal_checkpoint` in it")
        for table in _TABLES:
            yield from self._table(table, names)
        for links in _LINKS:
            yield from self._links(links)

    def _columns(self, table: str) -> dict[str, str]:
        """Plain columns of a plain table, and their types; none of a view or a virtual table."""
        sql = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE"
        found = self._open.execute(sql, (table,)).fetchone()
        if found is None or str(found[0]).upper().split()[:2] != ["CREATE", "TABLE"]:
            return {}
        return {str(row[1]): str(row[2]).upper() for row in self._open.execute(f'PRAGMA table_info("{table}")')}

    def _table(self, table: _Table, names: set[str]) -> Iterator[Part]:
        columns = self._columns(table.name)
        if not columns:
            if table.name.lower() in names:
                yield InputError(self._file.name, f"{table.name} is a view or a virtual table, which are not read")
            return
        is_old = "objectId" in columns
        convert = table.convert if is_old else None
        renamed = table.renamed if is_old else {"publishedPermissionScopes": "oauth2PermissionScopes"}
        wanted = [name for name in columns if renamed.get(name, name) in _WANTED[table.kind] or (convert and name in _OLD)]
        key = "objectId" if is_old else "id"
        count = 0
        for row in self._rows(wanted, table.name):
            count += 1
            values = dict(zip(wanted, row, strict=True))
            place = join(table.name, str(values.get(key, count)))
            yield self._piece(place, table.kind, _converted(values, columns, convert, renamed))
        # What gather did not get to the end of is not told from what it did: no table is known to be whole.
        yield Listing(self._file.scope, table.kind, count, ended=False)

    def _links(self, links: _Links) -> Iterator[Part]:
        columns, of = self._columns(links.name), self._columns(links.table)
        if not {links.owned, links.owner} <= columns.keys():
            return
        key = "objectId" if "objectId" in of else "id"
        names = [name for name in _OF_OWNERS if name in of]
        selected = "".join(f', o."{name}"' for name in names)
        joined = f'LEFT JOIN "{links.table}" o ON o."{key}" = l."{links.owner}"' if key in of else ""
        sql = f'SELECT l."{links.owned}", l."{links.owner}"{selected if joined else ""} FROM "{links.name}" l {joined}'  # noqa: S608
        for number, (owned, owner, *values) in enumerate(self._open.execute(sql)):
            found = {"@odata.type": f"#microsoft.graph.{links.type}", "id": owner}
            found |= {name: value for name, value in zip(names, values, strict=False) if value is not None}
            out = _converted(found, {"accountEnabled": "BOOLEAN"}, None, {})
            yield self._piece(join(links.name, str(number)), OWNERS.kind, out, parent=str(owned).lower())

    def _rows(self, columns: list[str], table: str) -> sqlite3.Cursor | list[Any]:
        names = ", ".join(f'"{name}"' for name in columns)
        return self._open.execute(f'SELECT {names} FROM "{table}"') if columns else []  # noqa: S608  (all names are our own)

    @staticmethod
    def _piece(place: str, kind: str, out: Converted, parent: str = "") -> Piece:
        return Piece(Element(b"", 0, 0, place), kind, converted=out, parent=parent, why=NOT_HELD, start=(0, 0))


def _converted(values: Mapping[str, Any], types: Mapping[str, str], convert: Convert | None, renamed: Mapping[str, str]) -> Converted:
    """A row in Microsoft Graph's shape. What could not be null and is, is left out."""
    found, wrong = dict[str, Any](), list[tuple[str, str]]()
    for name, value in values.items():
        if value is None and name in _NEVER_NULL:
            continue
        if isinstance(value, bytes):
            wrong.append((join(name), "the column holds a BLOB"))
        elif isinstance(value, str) and (name in _JSON or (name == "publicClient" and types.get(name) == "TEXT")):
            try:
                found[name] = msgspec.json.decode(value)
            except UNREADABLE:
                wrong.append((join(name), "the column holds no JSON"))
        else:
            found[name] = bool(value) if types.get(name) == "BOOLEAN" and value in (0, 1) else value
    if convert is not None:
        out = convert(found)
    else:
        out = Converted()
        for name, value in found.items():
            out.put(renamed.get(name, name), value, join(name))
    out.wrong += wrong
    return out


def _application(value: dict[str, Any]) -> Converted:
    out = legacy.application(value, portal=False)
    if value.get("supportsConvergence"):
        # Whether personal accounts may sign in, this schema has no column for.
        out.value.pop("signInAudience", None)
        out.leave_out("signInAudience", CONVERGED, "/supportsConvergence")
    return out


_TABLES = (
    _Table("Applications", APPLICATIONS.kind, _application),
    _Table("ServicePrincipals", SERVICE_PRINCIPALS.kind, legacy.service_principal),
    _Table("OAuth2PermissionGrants", GRANTS.kind, None, {"objectId": "id"}),
    _Table("AppRoleAssignments", ASSIGNMENTS.kind, None, {"objectId": "id", "id": "appRoleId"}),
    _Table("TenantDetails", ORGANIZATION.kind, None, {"objectId": "id"}),
    _Table("AuthorizationPolicys", AUTHORIZATION.kind),
)
_LINKS = (
    _Links("lnk_application_owner_user", "Application", "User", "Users", "user"),
    _Links("lnk_application_owner_serviceprincipal", "Application", "ServicePrincipal", "ServicePrincipals", "servicePrincipal"),
    _Links("lnk_serviceprincipal_owner_user", "ServicePrincipal", "User", "Users", "user"),
    _Links(
        "lnk_serviceprincipal_owner_serviceprincipal", "ServicePrincipal", "childServicePrincipal", "ServicePrincipals", "servicePrincipal"
    ),
)
_OLD = frozenset((*legacy.NAMES, "publicClient", "supportsConvergence", "objectType"))
_WANTED = {table.kind: frozenset(kinds.members(table.kind)) for table in _TABLES}
_TOO_LONG = "reading the database takes more steps than are allowed; export with `az ad app list --all`"
FORMATS = (_Roadrecon(),)
