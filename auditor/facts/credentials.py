"""Client secrets and certificates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from auditor.display import holds_secret
from auditor.entra.collections import APP_MANAGEMENT, APPLICATIONS, CREDENTIAL_SIGN_INS
from auditor.entra.shapes import Concealed
from auditor.facts.base import Fact, fact, part, prop
from auditor.facts.convert import Conversion, conversion, date, listed, lower, lowered, places, text
from auditor.facts.lists import is_long
from auditor.facts.restrictions import Restriction, against
from auditor.unknown import Partial, Unknown, Unread, either, first_unknown, keep, known, read, some, whole_or_partial

if TYPE_CHECKING:
    from auditor.facts.app import App
    from auditor.facts.principal import ServicePrincipal

# learn.microsoft.com/entra/identity/app-proxy/application-proxy-faq: Application Proxy adds these secrets and renews them.
_PROXY_DESCRIPTION = "CWAP_AuthSecret"
# Azure AD Graph and old exports have no displayName: there the description is the customKeyIdentifier: in base64, of ASCII or of UTF-16.
_PROXY_IDENTIFIERS = ("Q1dBUF9BdXRoU2VjcmV0", "QwBXAEEAUABfAEEAdQB0AGgAUwBlAGMAcgBlAHQA")
_COPILOT_STUDIO = ".powerva.microsoft.com"  # CN=service.prod.powerva.microsoft.com, which Copilot Studio makes and renews


class Credential(Fact):
    """A client secret or certificate: what they have in common."""

    KEY: Any = (("key_id",), ("display_name", "end"))
    PRESUMED_NULL = frozenset({"superseded"})
    LABEL: Any = ("display_name", "key_id")
    owner: App | ServicePrincipal

    key_id: str = prop("keyId", lower, "Its GUID: the Secret ID of the portal.")
    display_name: str = prop("displayName", text, "Its description.")
    start: datetime | None = prop("startDateTime", date, "Valid from; null: no start was set.")
    end: datetime | None = prop("endDateTime", date, "Valid until; null: no end was set.")

    @fact()
    def kind(self) -> Literal["client secret", "certificate"]:
        """Which of both it is."""
        return "certificate" if isinstance(self, Certificate) else "client secret"

    @fact()
    def managed_by_microsoft(self) -> bool:
        """Microsoft made it and renews it, by its description."""
        raise NotImplementedError  # each kind has descriptions of its own

    @fact()
    def expired(self) -> bool:
        """`end` has passed; false when there is no end."""
        end = self.end
        return end is not None and end <= self.owner.world.now

    @fact()
    def valid(self) -> bool:
        """It can be used now: `start` has come, `end` has not."""
        now = self.owner.world.now
        return not self.expired and (self.start is None or self.start <= now)

    @fact()
    def lifetime(self) -> timedelta | None:
        """end - start; null when either is null."""
        start, end = self.start, self.end
        return None if start is None or end is None else end - start

    @fact(APP_MANAGEMENT, unknown_without=(APP_MANAGEMENT,))
    def against_policy(self) -> list[Restriction]:
        """Restrictions of the tenant's default app management policy that would refuse it today. Whom they bind may have been made
        before them, or have a policy of its own, which is not read.
        """
        return against(self, self.owner.POLICY_TARGET, self._restrictions)

    @fact(CREDENTIAL_SIGN_INS.whole, unknown_without=(CREDENTIAL_SIGN_INS,))
    def last_used(self) -> datetime | None:
        """When a token was last requested with it in this tenant; null: the report of credentials' sign-ins has nothing of it."""
        return self.owner.world.credential_use.last(self._entry_ids, self.owner.app_id)

    @property
    def _entry_ids(self) -> list[str]:
        """The key IDs of all its entries."""
        return [read(self.key_id)]

    @property
    def _restrictions(self) -> tuple[str, ...]:
        """The kinds of restriction that such a credential is under."""
        raise NotImplementedError

    @property
    def _siblings(self) -> Sequence[Credential]:
        """All of its kind that its owner has."""
        raise NotImplementedError

    @fact()
    def superseded(self) -> bool:
        """Another one of the same kind and owner is valid and ends later."""
        others = self._siblings
        end = self.end
        if end is None:
            return False
        now = self.owner.world.now
        latest = max(end, now)
        if others.__class__ is list and is_long(others):
            return self.owner.world.once("successors", others, lambda: _Successors(others, now)).any_after(latest)

        def replaces(other: Credential) -> bool:
            later = other is not self and (other.end is None or other.end > latest)
            return later and (other.start is None or other.start <= now)

        return some(others, replaces)


class _Successors:
    """Of a long list of credentials, how long those last that are valid already: any of them replaces what ends before."""

    def __init__(self, credentials: Iterable[Credential], now: datetime) -> None:
        self.endless = False
        self.latest: datetime | None = None
        self.gap: Unknown | None = None  # of one that may last for ever
        self.unsure: tuple[datetime, Unknown] | None = None  # the longest of those of which nobody knows whether they are valid already
        for one in credentials:
            if isinstance(one.end, Unknown):
                self.gap = one.end if self.gap is None else self.gap
            elif isinstance(one.start, Unknown):
                if one.end is None:
                    self.gap = one.start if self.gap is None else self.gap
                elif self.unsure is None or one.end > self.unsure[0]:
                    self.unsure = one.end, one.start
            elif one.start is None or one.start <= now:
                self.endless = self.endless or one.end is None
                if one.end is not None and (self.latest is None or one.end > self.latest):
                    self.latest = one.end

    def any_after(self, moment: datetime) -> bool:
        if self.endless or (self.latest is not None and self.latest > moment):
            return True
        if self.gap is not None:
            raise Unread(self.gap)
        if self.unsure is not None and self.unsure[0] > moment:
            raise Unread(self.unsure[1])
        return False


@conversion(str, "customKeyIdentifier")
def _of_application_proxy(description: Any, identifier: Any) -> Any:
    """By the description of a secret, in either place; unknown where neither was read."""
    if identifier.__class__ is str and identifier in _PROXY_IDENTIFIERS:
        return True
    if description.__class__ is Unknown and not (identifier.__class__ is str and identifier):
        return description
    return description.__class__ is str and description == _PROXY_DESCRIPTION


@conversion(Concealed)
def _form(material: Any) -> Any:
    """What secret material looks like: none, placeholder or value."""
    return material if material.__class__ is Unknown else "none" if material is None else material.form


class Secret(Credential):
    """A client secret (passwordCredentials)."""

    WITHIN = "passwordCredentials"

    value_form: Literal["none", "placeholder", "value"] = prop(
        "secretText", _form, "What the input holds as its value, which is never kept.", absent=None
    )
    managed_by_microsoft: bool = prop(
        "displayName", _of_application_proxy,
        "Application Proxy made it and renews it, by its description (CWAP_AuthSecret).",
    )  # fmt: skip

    @property
    def _restrictions(self) -> tuple[str, ...]:
        return ("passwordAddition", "passwordLifetime")

    @fact(graph="displayName")
    def value_as_description(self) -> bool:
        """Its description has the form of a client secret's value."""
        return holds_secret(read(self.display_name))

    @property
    def _siblings(self) -> Sequence[Credential]:
        return self.owner.secrets


@conversion(str)
def _thumbprint(value: Any) -> Any:
    """customKeyIdentifier as upper-case hex; Azure AD Graph wrote the same 20 bytes in base64."""
    if value.__class__ is not str:
        return value
    if len(value) == 28 and value.endswith("="):
        import base64

        try:
            return base64.b64decode(value, validate=True).hex().upper()
        except ValueError:
            return value
    return value.upper() if len(value) == 40 else value


def _first(value: Any) -> Any:
    """A list that the other entries of a certificate add to."""
    return value if value.__class__ is Unknown else [value] if value else []


@conversion(str)
def _of_copilot_studio(description: Any) -> Any:
    return description if description.__class__ is Unknown else description is not None and _COPILOT_STUDIO in description


class Certificate(Credential):
    """A certificate (keyCredentials); the Sign and Verify entries of one certificate are one fact."""

    WITHIN = "keyCredentials"
    KEY = (("thumbprint",), ("key_id",))
    LABEL = ("display_name", "thumbprint", "key_id")

    thumbprint: str | None = prop(
        "customKeyIdentifier", _thumbprint, "SHA-1 in upper-case hex where the document has one, else as written."
    )
    type: str = prop("type", text, "AsymmetricX509Cert, X509CertAndPassword, Symmetric.")
    usages: list[str] = prop("usage", Conversion(str, _first), "Sign, Verify, Encrypt: of all its entries.")
    key_ids: list[str] = prop("keyId", Conversion(str, lambda value: _first(lowered(value))), "Of all its entries.")
    managed_by_microsoft: bool = prop(
        "displayName", _of_copilot_studio,
        "Copilot Studio made it and renews it, by its description (*.powerva.microsoft.com).",
    )  # fmt: skip

    _key: Any = part("key", Concealed, absent=None)

    @fact(graph="key")
    def private_key_in_input(self) -> bool:
        """The input holds its private key, or a symmetric key; the key of a plain certificate is its public part."""
        return self._key is not None and self._key.form == "value" and self.type.lower() in ("symmetric", "x509certandpassword")

    @property
    def _entry_ids(self) -> list[str]:
        ids: list[str] = read(self.key_ids)
        return ids

    @property
    def _restrictions(self) -> tuple[str, ...]:
        return ("symmetricKeyAddition", "symmetricKeyLifetime") if self.type == "Symmetric" else ("asymmetricKeyLifetime",)

    @property
    def _siblings(self) -> Sequence[Credential]:
        return self.owner.certificates

    @fact(APPLICATIONS.whole, partial_without=APPLICATIONS)
    def also_on(self) -> list[App]:
        """Other registrations with the same certificate."""
        return [] if self.thumbprint is None else self.owner.world.sharing.others("certificate", self.thumbprint, self.owner)


def to_sign_in_with(secrets: list[Secret], certificates: list[Certificate]) -> list[Credential]:
    """Those that their owner proves its identity with; where a certificate signs SAML tokens, all others belong to it."""
    if some(certificates, lambda one: "Sign" in one.usages):
        return []
    of_certificates: Any = keep(certificates, lambda one: "Verify" in one.usages)
    gap = first_unknown(*(values.unknown for values in (secrets, of_certificates) if isinstance(values, Partial)))
    return whole_or_partial([*known(secrets), *known(of_certificates)], gap)


def has_valid(*lists: list[Secret] | list[Certificate]) -> bool:
    """Whether one of these credentials can be used now."""
    return either(*(lambda these=these: some(these, lambda one: one.valid) for these in lists))


@conversion(list[Certificate], owned=True)
def certificates(credentials: Any, owner: App | ServicePrincipal, below: str) -> Any:
    """One fact for each certificate: Entra ID lists a SAML certificate twice, to sign and to verify."""
    if credentials.__class__ is Partial:
        return Partial(certificates(credentials.known(), owner, below), credentials.unknown)
    if credentials.__class__ is not list or not credentials:
        return listed(credentials)
    found: dict[Any, Certificate] = {}
    for i, (doc, place) in enumerate(zip(credentials, places(owner.at + below, len(credentials)), strict=False)):
        certificate = Certificate(doc, owner, place)
        same: Any = certificate.thumbprint if certificate.thumbprint.__class__ is str and certificate.thumbprint else i
        first = found.setdefault(same, certificate)
        if first is not certificate and _differ(first, certificate):
            first = found.setdefault(i, certificate)
        if first is not certificate:
            first.usages = _together(first.usages, certificate.usages)
            first.key_ids = _together(first.key_ids, certificate.key_ids)
            if certificate._key is not None and first.private_key_in_input is not True:
                first.private_key_in_input = certificate.private_key_in_input
    gap = first_unknown(*(certificate.thumbprint for certificate in found.values()))
    if gap is not None and len(credentials) > 1:  # an entry without thumbprint could be another one's twin
        for certificate in found.values():
            if certificate.usages.__class__ is list:
                certificate.usages = whole_or_partial(certificate.usages, gap)
            if certificate.key_ids.__class__ is list:
                certificate.key_ids = whole_or_partial(certificate.key_ids, gap)
    return list(found.values())


def _differ(one: Certificate, other: Certificate) -> bool:
    """Whether two of one thumbprint are two all the same: customKeyIdentifier is what somebody wrote there."""
    pairs: list[tuple[Any, Any]] = [(one.start, other.start), (one.end, other.end)]
    if isinstance(one.type, str) and isinstance(other.type, str):
        pairs.append((one.type == "Symmetric", other.type == "Symmetric"))  # the halves of a SAML certificate have types of their own
    return any(a != b for a, b in pairs if not isinstance(a, Unknown) and not isinstance(b, Unknown))


def _together(values: Any, more: Any) -> Any:
    """The first list with all of the other one; an unknown one makes the whole unknown, since it could hold anything."""
    gap = first_unknown(values, more)
    if gap is not None:
        return gap
    values.extend(more)
    return values
